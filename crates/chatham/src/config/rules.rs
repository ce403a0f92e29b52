//! What is willing to happen with whom: layers of rules, and the policy that they make.

use otr::{Policy, Strangers, Version, Versions};

use crate::config::Setting;
use crate::config::table::{Reader, Table};

/// One layer: only what was said. A person's rules lie on those of the profile, and these on those for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The four flags at once; it replaces the flags of the layers below.
    pub mode: Option<Setting<Mode>>,
    /// Private or not at all.
    pub require_encryption: Option<Setting<bool>>,
    /// Show by white space that we can.
    pub send_tag: Option<Setting<bool>>,
    /// Begin when they show that they can.
    pub tag_starts: Option<Setting<bool>>,
    /// Begin anew after an error.
    pub error_starts: Option<Setting<bool>>,
    /// No lower version: 4, 3, 2, or 1, which allows the broken first version.
    pub minimum_version: Option<Setting<u32>>,
    /// To a multiple of how many bytes private texts are padded.
    pub padding: Option<Setting<u32>>,
    /// Whether strangers get an answer.
    pub answer_strangers: Option<Setting<bool>>,
}

/// The four policies of version 3's specification, and the two modes of version 4's that know nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not at all.
    Never,
    /// When somebody asks.
    Manual,
    /// Whenever both can.
    Opportunistic,
    /// Private or not at all.
    Always,
    /// Version 4 or not at all, and nothing in the clear, not even a query.
    Standalone,
    /// The same, and never with somebody who is not there.
    InteractiveOnly,
}

impl Rules {
    /// The policy that these layers make, the lowest first.
    pub fn policy(layers: &[&Self]) -> Policy {
        layers
            .iter()
            .fold(Policy::opportunistic().with_v4(true), |policy, rules| {
                rules.apply(policy)
            })
    }

    /// Other flags on a policy, as by this mode.
    pub fn with_mode(policy: Policy, mode: Mode) -> Policy {
        let origin = crate::config::Origin::Default;
        let rules = Self {
            mode: Some(Setting { value: mode, origin }),
            ..Self::default()
        };
        rules.apply(policy)
    }

    pub(super) fn read(mut table: Table<'_>, reader: &mut Reader) -> Self {
        let rules = Self {
            mode: table.choice("mode", &MODES, reader),
            require_encryption: table.flag("require-encryption", reader),
            send_tag: table.flag("send-tag", reader),
            tag_starts: table.flag("tag-starts", reader),
            error_starts: table.flag("error-starts", reader),
            minimum_version: table.number("minimum-version", 1..=4, reader),
            padding: table.number("padding", 0..=4096, reader),
            answer_strangers: table.flag("answer-strangers", reader),
        };
        table.finish(reader);
        rules
    }

    fn apply(&self, below: Policy) -> Policy {
        let mut policy = below;
        if let Some(mode) = &self.mode {
            let preset = mode.value.preset();
            policy = Policy {
                // A mode below may have switched everything off.
                versions: if policy.is_on() && preset.is_on() {
                    policy.versions
                } else {
                    preset.versions
                },
                discovery: preset.discovery,
                require_encryption: preset.require_encryption,
                send_tag: preset.send_tag,
                tag_starts: preset.tag_starts,
                error_starts: preset.error_starts,
                ..policy
            };
        }
        let set = |place: &mut bool, flag: &Option<Setting<bool>>| {
            if let Some(flag) = flag {
                *place = flag.value;
            }
        };
        set(&mut policy.require_encryption, &self.require_encryption);
        set(&mut policy.send_tag, &self.send_tag);
        set(&mut policy.tag_starts, &self.tag_starts);
        set(&mut policy.error_starts, &self.error_starts);
        if let Some(version) = &self.minimum_version {
            policy.minimum_version = lowest(version.value);
        }
        if let Some(padding) = &self.padding {
            policy.padding_bucket = u16::try_from(padding.value).unwrap_or(u16::MAX);
        }
        if let Some(answer) = &self.answer_strangers {
            policy.strangers = if answer.value {
                Strangers::Answer
            } else {
                Strangers::Silence
            };
        }
        if policy.is_on() {
            policy.versions = Policy::manual().with_v4(true).versions;
            if policy.minimum_version == Some(Version::V1) {
                policy.versions = policy.versions.with(Version::V1);
            }
        } else {
            policy.versions = Versions::NONE;
        }
        if policy.is_on() && !policy.discovery {
            policy.versions = Policy::standalone().versions;
        }
        policy
    }
}

impl Mode {
    /// Its word in the file.
    pub fn word(self) -> &'static str {
        MODES
            .iter()
            .find(|(_, mode)| *mode == self)
            .map_or("", |(word, _)| word)
    }

    /// The mode of this word.
    pub fn named(word: &str) -> Option<Self> {
        MODES
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, mode)| *mode)
    }

    /// The policy's preset of this name.
    pub fn preset(self) -> Policy {
        match self {
            Self::Never => Policy::never(),
            Self::Manual => Policy::manual(),
            Self::Opportunistic => Policy::opportunistic(),
            Self::Always => Policy::always(),
            Self::Standalone => Policy::standalone(),
            Self::InteractiveOnly => Policy::interactive_only(),
        }
    }
}

/// Version 2 is the lowest anyway, so a bound there says nothing.
fn lowest(number: u32) -> Option<Version> {
    match number {
        1 => Some(Version::V1),
        3 => Some(Version::V3),
        4 => Some(Version::V4),
        _ => None,
    }
}

const MODES: [(&str, Mode); 6] = [
    ("never", Mode::Never),
    ("manual", Mode::Manual),
    ("opportunistic", Mode::Opportunistic),
    ("always", Mode::Always),
    ("standalone", Mode::Standalone),
    ("interactive-only", Mode::InteractiveOnly),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::complaint::Origin;

    fn set<T>(value: T) -> Option<Setting<T>> {
        Some(Setting {
            value,
            origin: Origin::Default,
        })
    }

    #[test]
    fn each_mode_is_the_preset_of_its_name() {
        for (word, mode) in MODES {
            let rules = Rules {
                mode: set(mode),
                ..Rules::default()
            };
            let preset = mode.preset();
            let policy = Rules::policy(&[&rules]);
            let versions = if preset.is_on() && preset.discovery {
                preset.clone().with_v4(true).versions
            } else {
                preset.versions
            };
            assert_eq!(policy.negotiable(), versions, "{word}");
            let same = Policy {
                versions,
                minimum_version: None,
                ..preset
            };
            assert_eq!(policy, same, "{word}");
            assert_eq!(mode.word(), word);
        }
        assert_eq!(Rules::policy(&[]), Policy::default().with_v4(true));
    }

    #[test]
    fn a_mode_replaces_the_flags_below_and_leaves_the_rest() {
        let below = Rules {
            send_tag: set(true),
            padding: set(0),
            minimum_version: set(3),
            ..Rules::default()
        };
        let above = Rules {
            mode: set(Mode::Always),
            error_starts: set(false),
            ..Rules::default()
        };
        let policy = Rules::policy(&[&below, &above]);
        assert!(policy.require_encryption && !policy.send_tag && !policy.error_starts);
        assert_eq!(
            (policy.padding_bucket, policy.minimum_version),
            (0, Some(Version::V3))
        );
    }

    #[test]
    fn one_person_can_be_switched_on_where_everybody_is_off() {
        let off = Rules {
            mode: set(Mode::Never),
            ..Rules::default()
        };
        let on = Rules {
            mode: set(Mode::Manual),
            ..Rules::default()
        };
        assert!(!Rules::policy(&[&off]).is_on());
        assert_eq!(Rules::policy(&[&off, &on]), Policy::manual().with_v4(true));
    }

    #[test]
    fn a_strict_mode_knows_no_lower_version_whatever_lies_around_it() {
        let older = Rules {
            minimum_version: set(1),
            ..Rules::default()
        };
        for mode in [Mode::Standalone, Mode::InteractiveOnly] {
            let strict = Rules {
                mode: set(mode),
                ..Rules::default()
            };
            for layers in [[&older, &strict], [&strict, &older]] {
                let policy = Rules::policy(&layers);
                assert_eq!(policy.negotiable(), Versions::NONE.with(Version::V4));
                assert!(policy.require_encryption && !policy.discovery);
            }
            let with_one = Rules {
                mode: set(Mode::Always),
                ..Rules::default()
            };
            assert_eq!(
                Rules::policy(&[&strict, &with_one]),
                Policy::always().with_v4(true)
            );
        }
    }

    #[test]
    fn version_one_has_to_be_named() {
        for (number, allowed) in [(1, true), (2, false), (3, false)] {
            let rules = Rules {
                minimum_version: set(number),
                ..Rules::default()
            };
            let versions = Rules::policy(&[&rules]).negotiable();
            assert_eq!(versions.contains(Version::V1), allowed, "{number}");
            assert_eq!(versions.contains(Version::V2), number < 3, "{number}");
            assert!(versions.contains(Version::V3));
        }
    }
}
