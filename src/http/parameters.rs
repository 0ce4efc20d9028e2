//! The parameters of a query: every mistake is found, not only the first.

use axum::http::StatusCode;

use super::api::Words;
use super::problem::{Mistake, Problem};

/// Parameters that were not asked for yet, and what is wrong so far.
pub struct Parameters {
    pairs: Vec<(String, String)>,
    mistakes: Vec<Mistake>,
}

impl Parameters {
    pub fn of(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self {
            pairs: pairs.into_owned().collect(),
            mistakes: Vec::new(),
        }
    }

    /// The parameter as it was given.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let mut given = Vec::new();
        self.pairs.retain_mut(|(known, value)| {
            let is_other = known != name;
            if !is_other {
                given.push(std::mem::take(value));
            }
            is_other
        });
        if given.len() > 1 {
            self.mistake(name, "is given more than once");
        }
        given.pop()
    }

    /// The parameter as `read` understands it.
    pub fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.mistake(name, detail);
                None
            }
        }
    }

    /// One word of a closed set.
    pub fn word<T: Words>(&mut self, name: &str) -> Option<T> {
        self.read(name, word)
    }

    /// Any words of a closed set, separated by commas.
    pub fn words<T: Words>(&mut self, name: &str) -> Vec<T> {
        let read = |text: &str| text.split(',').map(word).collect::<Result<_, _>>();
        self.read(name, read).unwrap_or_default()
    }

    /// The number of items on a page.
    pub fn limit(&mut self, default: usize, most: usize) -> usize {
        let read = |text: &str| match text.parse() {
            Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
            _ => Err(format!("is a whole number from 1 to {most}")),
        };
        self.read("limit", read).unwrap_or(default)
    }

    pub fn mistake(&mut self, parameter: &str, detail: impl Into<String>) {
        self.mistakes.push(Mistake::new(parameter, detail));
    }

    /// # Errors
    /// All that is wrong, parameters that nobody asked for included.
    pub fn finish(mut self) -> Result<(), Problem> {
        let left_over: Vec<String> = self.pairs.drain(..).map(|(name, _)| name).collect();
        for name in left_over {
            self.mistake(&name, "is not a parameter of this address");
        }
        if self.mistakes.is_empty() {
            return Ok(());
        }
        let detail = "see `errors` for what is wrong with the query";
        Err(Problem::of_mistakes(StatusCode::BAD_REQUEST, detail, self.mistakes))
    }
}

fn word<T: Words>(text: &str) -> Result<T, String> {
    let found = T::all().find(|(name, _)| name == text);
    found.map(|(_, word)| word).ok_or_else(|| {
        let names: Vec<_> = T::all().map(|(name, _)| name).collect();
        format!("is one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::band::Band;

    #[test]
    fn every_mistake_is_named() {
        let mut parameters = Parameters::of(Some("band=red,blue&limit=0&q=a%20b&q=c&extra=1"));
        let bands = parameters.words::<Band>("band");
        let (limit, q) = (parameters.limit(50, 500), parameters.text("q"));
        assert_eq!((bands, limit, q.as_deref()), (Vec::new(), 50, Some("c")));
        let problem = parameters.finish().unwrap_err();
        let wrong: Vec<&str> = problem
            .errors
            .iter()
            .map(|mistake| mistake.parameter.as_str())
            .collect();
        assert_eq!(wrong, ["band", "limit", "q", "extra"]);
        assert_eq!(problem.errors[0].detail, "is one of green, yellow, red, unknown");
    }

    #[test]
    fn what_is_right_comes_through() {
        let mut parameters = Parameters::of(Some("band=red,green&limit=500&q=a+b"));
        assert_eq!(parameters.words::<Band>("band"), [Band::Red, Band::Green]);
        assert_eq!(parameters.limit(50, 500), 500);
        assert_eq!(parameters.text("q").as_deref(), Some("a b"));
        assert!(parameters.finish().is_ok());
        assert!(Parameters::of(None).finish().is_ok());
    }
}
