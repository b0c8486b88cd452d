//! Values that may stand in a file instead of the environment.

use std::path::Path;

/// Why the configuration cannot work: one line, without any secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl ConfigError {
    /// An error of these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The value given directly or in a file; `None` if neither was given. `name` is the variable's name for messages.
pub fn value_or_file(
    name: &str,
    value: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<String>, ConfigError> {
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigError(format!("{name} and {name}_FILE are both set; set one"))),
        (Some(value), None) => Ok(Some(value.to_owned())),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError(format!("{name}_FILE: {}: {error}", path.display())))?;
            let text = text.trim();
            if text.is_empty() {
                return Err(ConfigError(format!("{name}_FILE: {} is empty", path.display())));
            }
            Ok(Some(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_value_or_the_file_but_not_both() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "from file\n").unwrap();
        assert_eq!(value_or_file("X", Some("given"), None).unwrap().as_deref(), Some("given"));
        assert_eq!(value_or_file("X", None, Some(&file)).unwrap().as_deref(), Some("from file"));
        assert_eq!(value_or_file("X", None, None).unwrap(), None);
        assert!(value_or_file("X", Some("given"), Some(&file)).is_err());
        std::fs::write(&file, " \n").unwrap();
        assert!(value_or_file("X", None, Some(&file)).unwrap_err().0.contains("is empty"));
        assert!(value_or_file("X", None, Some(&folder.path().join("none"))).is_err());
    }
}
