//! Copying JSON without some of its members; the rest stays byte for byte as it was.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Deeper than this, what cannot be kept unseen is dropped whole.
const MAX_DEPTH: usize = 128;

/// Which members of a value go.
pub(super) trait Filter: Copy {
    /// The filter of a member's value; `None` if the member goes.
    fn member(self, key: &str) -> Option<Self>;

    /// Whether nothing goes from this text.
    fn keeps_all(self, text: &str) -> bool;
}

/// The JSON text without what the filter drops.
pub(super) fn filtered(json: &str, filter: impl Filter) -> serde_json::Result<String> {
    let mut out = String::with_capacity(json.len());
    copy(serde_json::from_str(json)?, filter, 0, &mut out)?;
    Ok(out)
}

fn copy(value: &RawValue, filter: impl Filter, depth: usize, out: &mut String) -> serde_json::Result<()> {
    let text = value.get();
    if filter.keeps_all(text) {
        out.push_str(text);
        return Ok(());
    }
    if depth > MAX_DEPTH {
        out.push_str("null");
        return Ok(());
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(text)?;
            out.push('{');
            let mut separator = "";
            for (key, value) in members.0 {
                let Some(filter) = filter.member(&key) else { continue };
                out.push_str(separator);
                out.push_str(&serde_json::to_string(&key)?);
                out.push(':');
                copy(value, filter, depth + 1, out)?;
                separator = ",";
            }
            out.push('}');
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            out.push('[');
            let mut separator = "";
            for element in elements {
                out.push_str(separator);
                copy(element, filter, depth + 1, out)?;
                separator = ",";
            }
            out.push(']');
        }
        _ => out.push_str(text),
    }
    Ok(())
}

/// An object's members in their order, duplicates and all, values untouched.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
