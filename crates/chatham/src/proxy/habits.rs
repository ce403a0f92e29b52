//! How the proxy talks with its person, whatever the network.

/// How the proxy talks with its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// What a command to the proxy begins with, besides `/otr`.
    pub prefix: String,
    /// Whether its words come as NOTICE and not as a message.
    pub notices: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            prefix: PREFIX.to_owned(),
            notices: false,
        }
    }
}

/// What a command to the proxy begins with if nobody says otherwise.
pub const PREFIX: &str = "!otr";
