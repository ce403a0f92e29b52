//! What `chatham chat` has to know where a proxy runs with the keys: it talks through that, and connects to nobody.

use std::path::PathBuf;

use crate::config::Configuration;
use crate::config::profile::Profile;
use crate::config::resolve::{Color, Form, Marks, Request};
use crate::control::place;
use crate::vault::{DEFAULT_PROFILE, default_directory};

/// Where the proxy is, and how its conversations are shown.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Where keys and trust are kept, and the proxy's control socket beside them.
    pub data: PathBuf,
    /// The profile, if anybody names one.
    pub profile: Option<String>,
    /// With whom to talk at first.
    pub peer: Option<String>,
    /// What the person is shown.
    pub form: Form,
    /// Colours on the screen.
    pub color: Color,
    /// The signs beside the lines.
    pub marks: Marks,
}

impl Request {
    /// Whether a proxy runs with the keys that are asked for, and what is known then. A configuration that cannot be read
    /// is complained about elsewhere.
    pub fn attachment(&self) -> Option<Attachment> {
        let configuration = Configuration::load(self.config.as_deref()).ok()?;
        let named = configuration.data.as_ref().map(|data| data.value.clone());
        let data = self.data.clone().or(named).or_else(default_directory)?;
        if !place::is_served(&data) {
            return None;
        }
        let named = configuration
            .profile
            .as_ref()
            .map(|profile| profile.value.clone());
        let profile = self.profile.clone().or(named);
        let name = profile.as_deref().unwrap_or(DEFAULT_PROFILE);
        let peer = Profile::find(&configuration, name).and_then(|profile| profile.peer.as_ref());
        let peer = self.settings.peer.as_ref().or(peer);
        Some(Attachment {
            data,
            profile,
            peer: peer.map(|peer| peer.value.clone()),
            form: self.form,
            color: match (self.no_color, &configuration.color) {
                (true, _) => Color::Never,
                (false, color) => color.as_ref().map_or(Color::Auto, |color| color.value),
            },
            marks: configuration
                .marks
                .as_ref()
                .map_or(Marks::Unicode, |marks| marks.value),
        })
    }
}

impl Attachment {
    /// Which of the proxy's profiles is meant.
    ///
    /// # Errors
    /// What to say instead.
    pub fn choose(&self, profiles: &[String]) -> Result<String, String> {
        let there = profiles.join(", ");
        let chosen = match (&self.profile, profiles) {
            (Some(name), _) => profiles.iter().find(|profile| *profile == name).ok_or_else(|| {
                format!(
                    "a proxy runs with these keys, and has no profile {name}: there are: {there}. To be {name}, end the \
                     proxy first, or give the proxy a door for that profile"
                )
            }),
            (None, [only]) => Ok(only),
            (None, _) => {
                let default = profiles.iter().find(|profile| *profile == DEFAULT_PROFILE);
                default.ok_or_else(|| {
                    format!("which of the profiles of the running proxy? --profile names one of: {there}")
                })
            }
        };
        chosen.cloned()
    }
}
