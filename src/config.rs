//! The environment becomes a [`Config`]: every setting with its default and its meaning.
//!
//! All settings are read together when the function starts, and all errors are shown at once.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::str::FromStr;

use time::Duration;
use zeroize::Zeroizing;

use crate::binding::{Adoption, OnIncompatible};
use crate::bundle_name::BundleName;
use crate::content_id::ContentId;
use crate::fault::{Fault, Remedy};
use crate::own_tags::TagSettings;
use crate::region::Region;
use crate::tag::ARN_TAG;
use crate::target::TargetName;
use crate::validate::{IncludeRoot, OnRefusedByClients};

/// Everything that the function is told from outside.
///
/// Has no `Debug`: it holds the credentials.
pub struct Config {
    /// `CERTDROP_BUCKET`: the one bucket that is read and written. Required.
    pub bucket: String,
    /// `CERTDROP_BUCKET_OWNER`: account id, sent with every S3 call, so that a bucket of somebody
    /// else is never touched. Required.
    pub bucket_owner: String,
    /// `CERTDROP_DROP_PREFIX`: where bundles are dropped. Default `drop/`.
    pub drop_prefix: String,
    /// `CERTDROP_SUMMARY_PREFIX`: where summaries are written. Default `summaries/`.
    pub summary_prefix: String,
    /// `CERTDROP_LEASE_PREFIX`: where leases lie. Default `leases/`.
    pub lease_prefix: String,
    /// `CERTDROP_PARAMETER_PREFIX`: the path of all SSM parameters. Default `/certdrop`.
    pub parameter_prefix: String,
    /// `CERTDROP_EXPIRY_WARNING_DAYS`: how early to warn. Default 30.
    pub expiry_warning: Duration,
    /// `CERTDROP_ON_INCOMPATIBLE`. Default `reject`.
    pub on_incompatible: OnIncompatible,
    /// `CERTDROP_ON_REFUSED_BY_CLIENTS`, unless an object's tag
    /// [`ON_REFUSED_BY_CLIENTS_TAG`](crate::tag::ON_REFUSED_BY_CLIENTS_TAG) says otherwise. Default `reject`.
    pub on_refused_by_clients: OnRefusedByClients,
    /// `CERTDROP_ALLOW_ADOPTION`. Default `false`.
    pub adoption: Adoption,
    /// `CERTDROP_INCLUDE_ROOT`. Default `auto`.
    pub include_root: IncludeRoot,
    /// `CERTDROP_TOPIC_ARN`: SNS topic that is told of every change and every bad bundle. Default
    /// none.
    pub topic: Option<String>,
    /// `CERTDROP_SWEEP_SCHEDULE`: `rate(...)` or `cron(...)`, by which the sweeps come. It is only
    /// shown: the status page tells when the next one is due. Default none.
    pub sweep_schedule: Option<String>,
    /// `CERTDROP_QUEUE_URL`: the queue of SQS that wakes the function. What a sweep does not finish and what is
    /// throttled to the end is sent there. Default none: a sweep leaves the rest to the next one, and what is throttled
    /// fails.
    pub queue: Option<String>,
    /// `CERTDROP_STACK`: the dimension `stack` of all metrics, which tells stacks in one account and region apart.
    /// Default `certdrop`.
    pub stack: String,
    /// `CERTDROP_IMPORTS_PER_SECOND`: ACM's quota of imports in each region. Default 1, as ACM has it. It is where
    /// workers begin once ACM throttles; then they go by its answers.
    pub imports_per_second: f64,
    /// `CERTDROP_CERTIFICATE_QUOTA`: how many imported certificates each region may have. Default 2500, as ACM has it.
    /// Sweeps warn from 80 % of it.
    pub certificate_quota: usize,
    /// `CERTDROP_BUNDLE_DAYS`: the bucket's lifecycle removes bundles so long after they were dropped, once they are
    /// served. Default none: they stay.
    pub bundle_days: Option<Duration>,
    /// `CERTDROP_CERTIFICATE_TAGS`, `CERTDROP_UPLOADER_TAG_KEYS` and `CERTDROP_FORMER_TAG_KEYS`: the operator's own tags
    /// on certificates. Default none.
    pub tags: TagSettings,
    /// How long leases and attempts last.
    pub terms: Terms,
    /// Where certificates are served; the home region, `AWS_REGION` as Lambda sets it, comes first. The
    /// others are `CERTDROP_REGIONS`, with commas, at most [`MOST_OTHER_REGIONS`]. Default: home alone.
    pub regions: Vec<Region>,
    /// `CERTDROP_TARGETS_KEY`: the object in the bucket that declares more targets, and which bundle goes where; see
    /// [`Targets::read`](crate::target::Targets::read). Default none: every bundle goes to every region.
    pub targets_key: Option<String>,
    /// Set by Lambda.
    pub access_key: AccessKey,
    /// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`.
    pub endpoints: Endpoints,
}

/// How long a bundle stays one worker's alone. The defaults are for AWS; shorter ones are for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// `CERTDROP_LEASE_SECONDS`: how long a lease is taken for. It is many times the work on one
    /// bundle, and is extended while ACM throttles or a region does not answer. Default 60.
    pub lease: Duration,
    /// `CERTDROP_SETTLING_SECONDS`: how long after its holder must have stopped a lease stays shut.
    /// Default 60.
    ///
    /// What a worker sent last may take effect late, and ACM's search and the tagging API answer from
    /// indexes that lag behind. It also covers clocks that differ.
    pub settling: Duration,
    /// `CERTDROP_ATTEMPT_SECONDS`: how long one attempt of a call may take. Default 10.
    pub attempt: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease: Duration::seconds(60),
            settling: Duration::seconds(60),
            attempt: Duration::seconds(10),
        }
    }
}

/// Credentials as Lambda hands them to a function.
pub struct AccessKey {
    /// `AWS_ACCESS_KEY_ID`.
    pub id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret: Zeroizing<String>,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<Zeroizing<String>>,
}

/// Where services answer, and which of AWS's own addresses are used.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>,
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    every: Option<String>,
    by_service: HashMap<String, String>,
    /// `AWS_USE_FIPS_ENDPOINT`: addresses whose cryptography is validated by FIPS 140. Default `false`.
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`: addresses that IPv6 reaches too. Default `false`.
    pub dual_stack: bool,
}

impl Endpoints {
    /// The address of `service` (`S3`, `RESOURCE_GROUPS_TAGGING_API`); `None` means AWS's own.
    #[must_use]
    pub fn of(&self, service: &str) -> Option<&str> {
        let own = self.by_service.get(service);
        own.or(self.every.as_ref()).map(String::as_str)
    }
}

impl Config {
    /// Reads the settings among `environment`. Empty values count as absent.
    ///
    /// # Errors
    ///
    /// [`Kind::SetUp`](crate::fault::Kind::SetUp) that names every setting that is missing or wrong.
    pub fn from_environment(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Fault> {
        let mut settings = Settings::new(environment);
        let config = Self {
            bucket: settings.required("CERTDROP_BUCKET"),
            bucket_owner: settings.required("CERTDROP_BUCKET_OWNER"),
            drop_prefix: settings.folder("CERTDROP_DROP_PREFIX", "drop/"),
            summary_prefix: settings.folder("CERTDROP_SUMMARY_PREFIX", "summaries/"),
            lease_prefix: settings.folder("CERTDROP_LEASE_PREFIX", "leases/"),
            parameter_prefix: settings.parameter_path("CERTDROP_PARAMETER_PREFIX", "/certdrop"),
            expiry_warning: settings.days("CERTDROP_EXPIRY_WARNING_DAYS", 30),
            on_incompatible: settings.parsed("CERTDROP_ON_INCOMPATIBLE"),
            on_refused_by_clients: settings.parsed("CERTDROP_ON_REFUSED_BY_CLIENTS"),
            adoption: settings.parsed("CERTDROP_ALLOW_ADOPTION"),
            include_root: settings.parsed("CERTDROP_INCLUDE_ROOT"),
            topic: settings.optional("CERTDROP_TOPIC_ARN"),
            sweep_schedule: settings.optional("CERTDROP_SWEEP_SCHEDULE"),
            queue: settings.optional("CERTDROP_QUEUE_URL"),
            stack: settings.stack(),
            imports_per_second: settings.number("CERTDROP_IMPORTS_PER_SECOND", 0.1..=1_000.0, 1.0),
            certificate_quota: settings.count("CERTDROP_CERTIFICATE_QUOTA", 2_500),
            bundle_days: settings.some_days("CERTDROP_BUNDLE_DAYS"),
            tags: settings.tags(),
            terms: settings.terms(),
            regions: settings.regions(),
            targets_key: settings.optional("CERTDROP_TARGETS_KEY"),
            access_key: AccessKey {
                id: settings.required("AWS_ACCESS_KEY_ID"),
                secret: Zeroizing::new(settings.required("AWS_SECRET_ACCESS_KEY")),
                session_token: settings.optional("AWS_SESSION_TOKEN").map(Zeroizing::new),
            },
            endpoints: settings.endpoints(),
        };
        settings.check_prefixes(&config);
        settings.finish(config)
    }

    /// The parameter of `bundle` that is called `name` (`private-key`, `passphrase`).
    #[must_use]
    pub fn parameter(&self, bundle: &BundleName, name: &str) -> String {
        format!("{}/{name}", self.parameters_of(bundle))
    }

    /// The path of all parameters of `bundle`.
    #[must_use]
    pub fn parameters_of(&self, bundle: &BundleName) -> String {
        format!("{}/{}", self.parameter_prefix, bundle.identity())
    }

    /// Where the summary of a bundle with just this content lies.
    #[must_use]
    pub fn summary_key(&self, bundle: &BundleName, content: &ContentId) -> String {
        format!("{}{bundle}/{content}.json", self.summary_prefix)
    }

    /// The parameter that holds the ARN of the bundle's certificate in `target`.
    #[must_use]
    pub fn arn_parameter(&self, bundle: &BundleName, target: &TargetName) -> String {
        let own = self.parameter(bundle, ARN_PARAMETER);
        if self.home().as_ref() == Some(target) {
            own
        } else {
            format!("{own}/{target}")
        }
    }

    /// The tag of an object that holds the ARN of its certificate in `target`. Only regions have one: an object has ten
    /// tags at most, and there may be any number of targets.
    #[must_use]
    pub fn arn_tag(&self, target: &TargetName) -> Option<String> {
        if self.home().as_ref() == Some(target) {
            return Some(ARN_TAG.to_owned());
        }
        let is_region = |region: &Region| TargetName::from(region) == *target;
        let has_tag = self.regions.iter().any(is_region);
        has_tag.then(|| format!("{ARN_TAG}:{target}"))
    }

    /// The home target: the home region. There always is one.
    #[must_use]
    pub fn home(&self) -> Option<TargetName> {
        self.regions.first().map(TargetName::from)
    }
}

/// What the parameter is called in which the ARN of a bundle's certificate in the home target is kept, and the folder of
/// those of other targets.
pub const ARN_PARAMETER: &str = "certificate-arn";

/// All ARNs of a bundle lie in the tags of its objects, of which S3 allows ten, beside the outcome and
/// what users need for themselves; and they are read in one call of SSM, which takes ten names.
pub const MOST_OTHER_REGIONS: usize = 6;

/// The environment while it is read, with what was wrong so far.
struct Settings {
    environment: HashMap<String, String>,
    wrong: Vec<String>,
}

impl Settings {
    fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let environment = environment.into_iter();
        Self {
            environment: environment.filter(|(_, value)| !value.is_empty()).collect(),
            wrong: Vec::new(),
        }
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        self.environment.remove(name)
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.wrong.push(format!("{name} is not set"));
            String::new()
        })
    }

    fn folder(&mut self, name: &str, default: &str) -> String {
        let value = self.optional(name).unwrap_or_else(|| default.to_owned());
        if !value.ends_with('/') || value.starts_with('/') {
            self.wrong.push(format!(
                "{name} is `{value}`; it must end with `/` and not begin with it"
            ));
        }
        value
    }

    fn parameter_path(&mut self, name: &str, default: &str) -> String {
        let value = self.optional(name).unwrap_or_else(|| default.to_owned());
        if !value.starts_with('/') || value.ends_with('/') {
            self.wrong.push(format!(
                "{name} is `{value}`; it must begin with `/` and not end with it"
            ));
        }
        value
    }

    fn days(&mut self, name: &str, default: u16) -> Duration {
        let value = self.optional(name);
        let days = value.as_deref().map_or(Ok(default), str::parse::<u16>);
        let days = days.unwrap_or_else(|_| {
            let value = value.unwrap_or_default();
            self.wrong
                .push(format!("{name} is `{value}`; it must be a number of days"));
            default
        });
        Duration::days(i64::from(days))
    }

    fn tags(&mut self) -> TagSettings {
        let mut text = |name: &str| self.optional(name).unwrap_or_default();
        let (set, by_uploaders, former) = (
            text("CERTDROP_CERTIFICATE_TAGS"),
            text("CERTDROP_UPLOADER_TAG_KEYS"),
            text("CERTDROP_FORMER_TAG_KEYS"),
        );
        TagSettings::read(&set, &by_uploaders, &former).unwrap_or_else(|wrong| {
            self.wrong.extend(wrong);
            TagSettings::default()
        })
    }

    fn terms(&mut self) -> Terms {
        let Terms {
            lease,
            settling,
            attempt,
        } = Terms::default();
        let terms = Terms {
            lease: self.seconds("CERTDROP_LEASE_SECONDS", lease),
            settling: self.seconds("CERTDROP_SETTLING_SECONDS", settling),
            attempt: self.seconds("CERTDROP_ATTEMPT_SECONDS", attempt),
        };
        // A lease is extended while more is left of it than an attempt takes.
        if terms.lease < terms.attempt * 2 {
            self.wrong.push(
                "CERTDROP_LEASE_SECONDS must be at least twice CERTDROP_ATTEMPT_SECONDS".to_owned(),
            );
        }
        terms
    }

    fn seconds(&mut self, name: &str, default: Duration) -> Duration {
        Duration::seconds_f64(self.number(name, 0.1..=600.0, default.as_seconds_f64()))
    }

    fn number(&mut self, name: &str, limits: RangeInclusive<f64>, default: f64) -> f64 {
        let Some(value) = self.optional(name) else {
            return default;
        };
        let number = value.parse().ok().filter(|number| limits.contains(number));
        number.unwrap_or_else(|| {
            let (least, most) = limits.into_inner();
            self.wrong.push(format!(
                "{name} is `{value}`; it must be a number from {least} to {most}"
            ));
            default
        })
    }

    fn count(&mut self, name: &str, default: usize) -> usize {
        let Some(value) = self.optional(name) else {
            return default;
        };
        let count = value.parse().ok().filter(|count| *count > 0);
        count.unwrap_or_else(|| {
            self.wrong.push(format!(
                "{name} is `{value}`; it must be a whole number of 1 or more"
            ));
            default
        })
    }

    /// None where the setting is absent or 0.
    fn some_days(&mut self, name: &str) -> Option<Duration> {
        Some(self.days(name, 0)).filter(|days| days.is_positive())
    }

    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>
    fn stack(&mut self) -> String {
        let name = self.optional("CERTDROP_STACK");
        let name = name.unwrap_or_else(|| "certdrop".to_owned());
        let is_dimension = name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_dimension || name.starts_with(':') {
            self.wrong.push(format!(
                "CERTDROP_STACK is `{name}`; it must be the name of a stack"
            ));
        }
        name
    }

    fn parsed<T: FromStr<Err = &'static str> + Default>(&mut self, name: &str) -> T {
        let Some(value) = self.optional(name) else {
            return T::default();
        };
        value.parse().unwrap_or_else(|choices| {
            self.wrong
                .push(format!("{name} is `{value}`; it must be {choices}"));
            T::default()
        })
    }

    /// The home region and the others, each once. The list is never empty.
    fn regions(&mut self) -> Vec<Region> {
        let home = self.required("AWS_REGION");
        let others = self.optional("CERTDROP_REGIONS").unwrap_or_default();
        let mut regions = Vec::new();
        for (setting, name) in std::iter::once(("AWS_REGION", home.as_str()))
            .chain(
                others
                    .split(',')
                    .map(|name| ("CERTDROP_REGIONS", name.trim())),
            )
            .filter(|(_, name)| !name.is_empty())
        {
            match Region::parse(name) {
                Some(region) if regions.contains(&region) => {}
                Some(region) => regions.push(region),
                None => self.wrong.push(format!(
                    "{setting} names `{name}`, which is no region such as us-east-1"
                )),
            }
        }
        if regions.len() > 1 + MOST_OTHER_REGIONS {
            self.wrong.push(format!(
                "CERTDROP_REGIONS names {} regions beside the home region; it may name {MOST_OTHER_REGIONS}",
                regions.len() - 1
            ));
        }
        regions
    }

    fn endpoints(&mut self) -> Endpoints {
        let service = |(name, url): (&String, &String)| {
            let service = name.strip_prefix("AWS_ENDPOINT_URL_")?;
            Some((service.to_owned(), url.clone()))
        };
        let endpoints = Endpoints {
            by_service: self.environment.iter().filter_map(service).collect(),
            every: self.optional("AWS_ENDPOINT_URL"),
            fips: self.flag("AWS_USE_FIPS_ENDPOINT"),
            dual_stack: self.flag("AWS_USE_DUALSTACK_ENDPOINT"),
        };
        // The SDK refuses every call then, with words that name no setting.
        let has_own = endpoints.every.is_some() || !endpoints.by_service.is_empty();
        if has_own && (endpoints.fips || endpoints.dual_stack) {
            self.wrong.push(
                "AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT choose among AWS's addresses; remove them, or AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>".to_owned(),
            );
        }
        endpoints
    }

    fn flag(&mut self, name: &str) -> bool {
        let value = self.optional(name).unwrap_or_default();
        if !["", "true", "false"].contains(&value.to_lowercase().as_str()) {
            self.wrong
                .push(format!("{name} is `{value}`; it must be true or false"));
        }
        value.eq_ignore_ascii_case("true")
    }

    /// What certdrop writes must not lie where it wakes certdrop.
    fn check_prefixes(&mut self, config: &Config) {
        for (name, prefix) in [
            ("CERTDROP_SUMMARY_PREFIX", &config.summary_prefix),
            ("CERTDROP_LEASE_PREFIX", &config.lease_prefix),
        ] {
            if prefix.starts_with(&config.drop_prefix) {
                self.wrong.push(format!(
                    "{name} is `{prefix}`; it must lie outside CERTDROP_DROP_PREFIX, else each write would start the function again"
                ));
            }
        }
        if let Some(key) = &config.targets_key {
            let written = [
                &config.drop_prefix,
                &config.summary_prefix,
                &config.lease_prefix,
            ];
            if written
                .iter()
                .any(|prefix| key.starts_with(prefix.as_str()))
            {
                self.wrong.push(format!(
                    "CERTDROP_TARGETS_KEY is `{key}`; it must lie outside CERTDROP_DROP_PREFIX, CERTDROP_SUMMARY_PREFIX and CERTDROP_LEASE_PREFIX, so that only the operator writes it"
                ));
            }
        }
    }

    fn finish(self, config: Config) -> Result<Config, Fault> {
        if self.wrong.is_empty() {
            return Ok(config);
        }
        Err(Fault::set_up(
            self.wrong.join("; "),
            Remedy::CorrectSettings,
        ))
    }
}

impl FromStr for OnIncompatible {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "reject" => Ok(Self::Reject),
            "import-new" => Ok(Self::ImportNew),
            _ => Err("`reject` or `import-new`"),
        }
    }
}

impl FromStr for OnRefusedByClients {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "reject" => Ok(Self::Reject),
            "import" => Ok(Self::Import),
            _ => Err("`reject` or `import`"),
        }
    }
}

impl FromStr for Adoption {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "false" => Ok(Self::Forbidden),
            "true" => Ok(Self::Allowed),
            _ => Err("`true` or `false`"),
        }
    }
}

impl FromStr for IncludeRoot {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err("`auto`, `always` or `never`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 5] = [
        ("CERTDROP_BUCKET", "certificates"),
        ("CERTDROP_BUCKET_OWNER", "123456789012"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];

    fn config(more: &[(&str, &str)]) -> Result<Config, Fault> {
        let all = NEEDED.iter().chain(more);
        Config::from_environment(all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_needed_settings_are_enough() {
        let config = config(&[]).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(config.drop_prefix, "drop/");
        assert_eq!(config.expiry_warning, Duration::days(30));
        assert_eq!(config.endpoints.of("ACM"), None);
        let bundle = BundleName::new("www.example.com").expect("a name");
        assert_eq!(
            config.parameter(&bundle, "certificate-arn"),
            "/certdrop/www.example.com/certificate-arn"
        );
    }

    #[test]
    fn addresses_of_aws_are_chosen_by_yes_or_no_and_not_beside_others() {
        for (more, problem) in [
            (
                [("AWS_USE_FIPS_ENDPOINT", "yes"), ("RUST_LOG", "info")],
                "AWS_USE_FIPS_ENDPOINT is `yes`; it must be true or false",
            ),
            (
                [
                    ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
                    ("AWS_ENDPOINT_URL_ACM", "http://127.0.0.1:1"),
                ],
                "AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT choose among AWS's addresses",
            ),
        ] {
            let fault = config(&more).err().map(|fault| fault.to_string());
            let fault = fault.unwrap_or_default();
            assert!(fault.contains(problem), "{fault}");
        }
        let own = [
            ("AWS_USE_FIPS_ENDPOINT", "false"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ];
        assert!(config(&own).is_ok());
    }

    #[test]
    fn the_home_region_comes_first_and_each_region_once() {
        let regions = |others: &str| {
            let config = config(&[("CERTDROP_REGIONS", others)]);
            config.map(|config| {
                config
                    .regions
                    .iter()
                    .map(Region::to_string)
                    .collect::<Vec<_>>()
            })
        };
        for (others, expected) in [
            ("", vec!["eu-central-1"]),
            ("us-east-1", vec!["eu-central-1", "us-east-1"]),
            (
                "us-east-1, eu-central-1,us-east-1",
                vec!["eu-central-1", "us-east-1"],
            ),
        ] {
            assert_eq!(
                regions(others).ok(),
                Some(expected.iter().map(|name| (*name).to_owned()).collect()),
                "{others}"
            );
        }
        for (others, told) in [
            ("us-east", "CERTDROP_REGIONS names `us-east`"),
            (
                "a-b-1,a-b-2,a-b-3,a-b-4,a-b-5,a-b-6,a-b-7",
                "names 7 regions",
            ),
        ] {
            let fault = regions(others).expect_err(others).to_string();
            assert!(fault.contains(told), "{fault}");
        }
        assert!(regions("a-b-1,a-b-2,a-b-3,a-b-4,a-b-5,a-b-6").is_ok());
    }

    #[test]
    fn the_home_target_s_records_carry_no_name_and_only_regions_have_tags() {
        let config =
            config(&[("CERTDROP_REGIONS", "us-east-1")]).unwrap_or_else(|fault| panic!("{fault}"));
        let bundle = BundleName::new("www.example.com").expect("a name");
        let records = |name: &str| {
            let target = TargetName::parse(name).expect("a target");
            (
                config.arn_tag(&target),
                config.arn_parameter(&bundle, &target),
            )
        };
        assert_eq!(
            ["eu-central-1", "us-east-1", "payments"].map(records),
            [
                (
                    Some("certdrop:certificate-arn".to_owned()),
                    "/certdrop/www.example.com/certificate-arn".to_owned()
                ),
                (
                    Some("certdrop:certificate-arn:us-east-1".to_owned()),
                    "/certdrop/www.example.com/certificate-arn/us-east-1".to_owned()
                ),
                (
                    None,
                    "/certdrop/www.example.com/certificate-arn/payments".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn a_service_s_own_endpoint_goes_before_the_common_one() {
        let config = config(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_ACM", "http://127.0.0.1:2"),
        ])
        .unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(config.endpoints.of("ACM"), Some("http://127.0.0.1:2"));
        assert_eq!(config.endpoints.of("S3"), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn terms_are_fractions_of_seconds_within_limits() {
        let terms = |lease: &str, attempt: &str| {
            let config = config(&[
                ("CERTDROP_LEASE_SECONDS", lease),
                ("CERTDROP_ATTEMPT_SECONDS", attempt),
            ]);
            config.map(|config| (config.terms.lease, config.terms.attempt))
        };
        assert_eq!(
            terms("1.5", "0.25").ok(),
            Some((Duration::milliseconds(1_500), Duration::milliseconds(250)))
        );
        for (lease, attempt, told) in [
            ("60", "0", "CERTDROP_ATTEMPT_SECONDS is `0`"),
            ("NaN", "10", "CERTDROP_LEASE_SECONDS is `NaN`"),
            (
                "601",
                "10",
                "CERTDROP_LEASE_SECONDS is `601`; it must be a number from 0.1 to 600",
            ),
            ("19", "10", "at least twice"),
        ] {
            let fault = terms(lease, attempt).expect_err(told).to_string();
            assert!(fault.contains(told), "{fault}");
        }
    }

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let Err(fault) = Config::from_environment([
            ("CERTDROP_BUCKET".to_owned(), String::new()),
            ("CERTDROP_DROP_PREFIX".to_owned(), "drop".to_owned()),
            (
                "CERTDROP_SUMMARY_PREFIX".to_owned(),
                "drop/summaries/".to_owned(),
            ),
            ("CERTDROP_EXPIRY_WARNING_DAYS".to_owned(), "soon".to_owned()),
            ("CERTDROP_INCLUDE_ROOT".to_owned(), "yes".to_owned()),
            (
                "CERTDROP_ON_REFUSED_BY_CLIENTS".to_owned(),
                "accept".to_owned(),
            ),
            ("CERTDROP_CERTIFICATE_TAGS".to_owned(), "team".to_owned()),
            (
                "CERTDROP_UPLOADER_TAG_KEYS".to_owned(),
                "aws:owner".to_owned(),
            ),
        ]) else {
            panic!("wrong settings were taken");
        };
        let text = fault.to_string();
        for expected in [
            "CERTDROP_BUCKET is not set",
            "CERTDROP_BUCKET_OWNER is not set",
            "CERTDROP_DROP_PREFIX is `drop`",
            "CERTDROP_SUMMARY_PREFIX is `drop/summaries/`",
            "CERTDROP_EXPIRY_WARNING_DAYS is `soon`",
            "CERTDROP_INCLUDE_ROOT is `yes`; it must be `auto`",
            "CERTDROP_ON_REFUSED_BY_CLIENTS is `accept`; it must be `reject` or `import`",
            "CERTDROP_CERTIFICATE_TAGS has `team`; it must be tags",
            "CERTDROP_UPLOADER_TAG_KEYS has `aws:owner`, which has a key that AWS or certdrop reserves",
            "AWS_REGION is not set",
        ] {
            assert!(text.contains(expected), "{expected} is not in: {text}");
        }
        assert_eq!(fault.kind().as_str(), "SetUp");
    }
}
