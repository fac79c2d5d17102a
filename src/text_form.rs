//! Values that are a text in JSON: written as they are shown, read as they are parsed.

/// Makes `$kind` a text for serde. `$parse` takes a `&str` and gives an `Option`; `$what` says what it should have been.
macro_rules! text_form {
    ($kind:ty, $parse:expr, $what:literal) => {
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                $parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("this is ", $what)))
            }
        }
    };
}

pub(crate) use text_form;
