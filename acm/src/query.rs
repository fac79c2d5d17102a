//! The query protocol on the wire: a form in, XML out.
//!
//! Source: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// What an XML element has in it.
pub(super) enum Element {
    /// A text, which is escaped when it is written.
    Text(String),
    /// Other elements, by name.
    Parent(Vec<(&'static str, Element)>),
}

/// The action that a form names, and its parameters as members of a request. Whole numbers are
/// numbers; lists and structures are left as they are, as no operation here reads any.
pub(super) fn read(form: &[u8]) -> (String, Map<String, Value>) {
    let mut request = Map::new();
    for (name, value) in form_urlencoded::parse(form) {
        let number = value
            .parse::<i64>()
            .ok()
            .filter(|_| name == "DurationSeconds");
        let value = number.map_or_else(|| Value::from(value), Value::from);
        request.insert(name.into_owned(), value);
    }
    let action = request.get("Action").and_then(Value::as_str);
    (action.unwrap_or_default().to_owned(), request)
}

/// The document that answers `action`.
pub(super) fn written(
    action: &str,
    answer: Result<&Element, &Refusal>,
    request_id: &str,
) -> String {
    let id = Element::Text(request_id.to_owned());
    match answer {
        Ok(result) => {
            let result = result.within(&format!("{action}Result"));
            let metadata = Element::Parent(vec![("RequestId", id)]);
            let metadata = metadata.within("ResponseMetadata");
            document(&format!("{action}Response"), &[result, metadata])
        }
        Err(refusal) => {
            let error = error(refusal).within("Error");
            document("ErrorResponse", &[error, id.within("RequestId")])
        }
    }
}

fn error(refusal: &Refusal) -> Element {
    let text = |text: &str| Element::Text(text.to_owned());
    let at_fault = if refusal.status() < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    Element::Parent(vec![
        ("Type", text(at_fault)),
        ("Code", text(refusal.code)),
        ("Message", text(&refusal.message)),
    ])
}

impl Element {
    fn within(&self, name: &str) -> String {
        let content = match self {
            Self::Text(text) => escaped(text),
            Self::Parent(children) => children
                .iter()
                .map(|(name, child)| child.within(name))
                .collect(),
        };
        format!("<{name}>{content}</{name}>")
    }
}

fn document(name: &str, parts: &[String]) -> String {
    format!("<{name} xmlns=\"{NAMESPACE}\">{}</{name}>", parts.concat())
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Source: XML 1.0, section 2.4, for a text between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
