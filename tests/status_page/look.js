// What a test wants to know of the page that is shown, as JSON.
(() => {
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) =>
    [red, green, blue]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const ground = (element) => {
    for (let under = element; under; under = under.parentElement) {
      const colour = channels(getComputedStyle(under).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.body.querySelectorAll("*")].filter(
    (element) =>
      visible(element) && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  );
  const faint = texts
    .map((element) => [contrast(channels(getComputedStyle(element).color), ground(element)), element.textContent])
    .filter(([ratio]) => ratio < 4.5);
  const bars = [...document.querySelectorAll(".bar")].filter(visible);
  const faintBars = bars
    .map((bar) => [contrast(channels(getComputedStyle(bar).backgroundColor), ground(bar.parentElement)), bar.outerHTML])
    .filter(([ratio]) => ratio < 3);
  const outside = [...document.body.querySelectorAll("*")].filter(
    (element) => visible(element) && element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
  );
  return {
    title: document.title,
    heading: document.querySelector("h1").textContent,
    text: document.body.innerText,
    rows: [...document.querySelectorAll("tbody tr")].map((row) => row.querySelector("th bdi").textContent),
    seen: [...document.querySelectorAll("tbody tr")].filter(visible).length,
    pressing: document.querySelectorAll("[aria-labelledby=pressing] tbody tr").length,
    tables: [...document.querySelectorAll("table")].map((table) => ({
      caption: table.caption.textContent,
      columns: table.querySelectorAll("thead th[scope=col]").length,
      uneven: [...table.tBodies[0].rows].filter(
        (row) => row.cells.length !== 4 || row.cells[0].scope !== "row"
      ).length,
    })),
    barsOutside: bars.filter((bar) => {
      const [own, rail] = [bar.getBoundingClientRect(), bar.parentElement.getBoundingClientRect()];
      return own.width < 1 || own.left < rail.left - 0.5 || own.right > rail.right + 0.5;
    }).length,
    bars: bars.length,
    foreign: document.querySelectorAll("script, img, link, iframe, object, form, [onerror]").length,
    loaded: performance.getEntriesByType("resource").map((entry) => entry.name),
    overflow: document.scrollingElement.scrollWidth - document.documentElement.clientWidth,
    outside: outside.map((element) => element.outerHTML.slice(0, 200)),
    ground: getComputedStyle(document.body).backgroundColor,
    small: Math.min(...texts.map((element) => parseFloat(getComputedStyle(element).fontSize))),
    faint,
    faintBars,
  };
})()
