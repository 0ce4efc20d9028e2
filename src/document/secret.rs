//! Values that are never shown: neither in messages, which quote a line and its neighbours, nor when settings are printed.

/// A setting whose last word is one of these holds a secret.
const WORDS: [&str; 4] = ["password", "secret", "token", "pem"];

/// What is shown instead.
pub const HIDDEN: &str = "***";

/// Whether the value of a setting or a librdkafka property may not be shown.
pub fn is_secret(key: &str) -> bool {
    WORDS.iter().any(|word| key.ends_with(word))
}

/// `text` with the values of secrets replaced by as many asterisks, so that places in it stay right.
pub(super) fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(masked_line).collect()
}

fn masked_line(line: &str) -> String {
    let is_name = |part: &str| is_secret(part.trim_end_matches([' ', '\t', '"', '\'']));
    let secret = line.match_indices('=').find(|(at, _)| is_name(&line[..*at]));
    match secret {
        None => line.to_owned(),
        Some((at, _)) => {
            let (name, value) = line.split_at(at + 1);
            let hide = |byte: u8| {
                if byte.is_ascii_whitespace() {
                    char::from(byte)
                } else {
                    '*'
                }
            };
            name.chars().chain(value.bytes().map(hide)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_secrets_and_keeps_every_offset() {
        for (line, shown) in [
            ("password = \"hünter\"\n", "password = *********\n"),
            ("\"sasl.password\"= 'x y'\n", "\"sasl.password\"= ** **\n"),
            ("password_file = \"a\"\n", "password_file = \"a\"\n"),
            ("{ user = \"a\", password = \"b\" }", "{ user = \"a\", password = *** *"),
        ] {
            assert_eq!(masked(line), shown);
            assert_eq!(masked(line).len(), line.len());
        }
    }
}
