//! Which accounts and alerts are shown: a part of the account's id, and conditions such as `band:red` or `owner:kam@acme.example`.

use super::answers::Alert;
use crate::domain::band::Band;

/// The healthiest first.
const BANDS: [Band; Band::ALL.len()] = [Band::Green, Band::Yellow, Band::Red, Band::Unknown];

/// Every condition has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// As it was written.
    pub text: String,
    part_of_id: Option<String>,
    /// Any of these; empty: any.
    bands: Vec<String>,
    owner: Option<String>,
    segment: Option<String>,
    alert: Option<String>,
}

impl Filter {
    /// # Errors
    /// What is wrong with it, and what can be written instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut filter = Self {
            text: text.trim().to_owned(),
            ..Self::default()
        };
        for word in text.split_whitespace() {
            filter.add(word)?;
        }
        Ok(filter)
    }

    fn add(&mut self, word: &str) -> Result<(), String> {
        let Some((name, value)) = word.split_once(':') else {
            return once(&mut self.part_of_id, word, "write one part of an id");
        };
        match name {
            "band" => self.add_bands(value),
            "owner" => once(&mut self.owner, value, "write one owner"),
            "segment" => once(&mut self.segment, value, "write one segment"),
            "alert" => once(&mut self.alert, value, "write one alert rule"),
            // Ids may have colons.
            "id" => once(&mut self.part_of_id, value, "write one part of an id"),
            _ => Err(format!(
                "`{name}:` is not known: write band:, owner:, segment:, alert: or id:"
            )),
        }
    }

    fn add_bands(&mut self, value: &str) -> Result<(), String> {
        for band in value.split(',') {
            let names = BANDS.map(Band::as_str);
            if !names.contains(&band) {
                return Err(format!("`{band}` is no band: write {}", names.join(", ")));
            }
            self.bands.push(band.to_owned());
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// As parameters of the list of accounts.
    pub fn of_accounts(&self) -> Vec<(&'static str, String)> {
        let mut parameters = self.of_alerts();
        if !self.bands.is_empty() {
            parameters.push(("band", self.bands.join(",")));
        }
        parameters.extend(self.part_of_id.clone().map(|part| ("q", part)));
        parameters
    }

    /// As parameters of the list of alerts, which knows fewer: `admits` has the rest.
    pub fn of_alerts(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("owner", &self.owner),
            ("segment", &self.segment),
            ("alert", &self.alert),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        given.collect()
    }

    /// Whether something is left to `admits`.
    pub fn selects_alerts(&self) -> bool {
        self.part_of_id.is_some() || !self.bands.is_empty()
    }

    /// The part that the list of alerts does not look at.
    pub fn admits(&self, alert: &Alert) -> bool {
        let part = self.part_of_id.as_deref().unwrap_or_default().to_ascii_lowercase();
        alert.account.to_ascii_lowercase().contains(&part)
            && (self.bands.is_empty() || self.bands.contains(&alert.band))
    }
}

fn once(place: &mut Option<String>, value: &str, otherwise: &str) -> Result<(), String> {
    match place.replace(value.to_owned()) {
        None => Ok(()),
        Some(_) => Err(otherwise.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_become_parameters() {
        let filter = Filter::parse(" band:red,yellow owner:kam@acme.example  Clinic ").unwrap();
        let expected = [("owner", "kam@acme.example"), ("band", "red,yellow"), ("q", "Clinic")];
        assert_eq!(
            filter.of_accounts(),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
        assert_eq!(filter.of_alerts().len(), 1);
        assert_eq!(Filter::parse("owner:").unwrap().of_alerts(), [("owner", String::new())]);
        assert_eq!(
            Filter::parse("id:a:b").unwrap().of_accounts(),
            [("q", "a:b".to_owned())]
        );
        assert!(Filter::parse("  ").unwrap().is_empty());
    }

    #[test]
    fn alerts_are_chosen_by_what_their_list_does_not_look_at() {
        let alert = Alert {
            account: "Amber-Clinic".to_owned(),
            band: "red".to_owned(),
            ..Alert::default()
        };
        for (text, admitted) in [
            ("clinic", true),
            ("bank", false),
            ("band:red", true),
            ("band:green", false),
            ("", true),
        ] {
            assert_eq!(Filter::parse(text).unwrap().admits(&alert), admitted, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_to_write() {
        for (text, told) in [
            ("colour:red", "`colour:` is not known"),
            ("band:pink", "`pink` is no band"),
            ("acc-1 acc-2", "one part"),
            ("owner:a owner:b", "one owner"),
        ] {
            let error = Filter::parse(text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
