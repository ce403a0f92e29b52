//! Answers in the vocabulary of the line protocol.

use otr::{Event, Output, SmpEvent, error_message};

/// The answer lines for one output.
pub fn output(output: Output, lines: &mut Vec<String>) {
    match output {
        Output::Send(message) => lines.push(format!("wire {}", hex(&message))),
        Output::ReplyError(code) => lines.push(format!("wire {}", hex(&error_message(code.words())))),
        Output::Event(told) => event(told, lines),
    }
}

fn event(event: Event, lines: &mut Vec<String>) {
    let line = match event {
        Event::Text { text, .. } => format!("text {}", hex(&text)),
        Event::ClearText { text, expected } => {
            if !expected {
                lines.push("event note unencrypted".to_owned());
            }
            format!("clear {}", hex(&text))
        }
        Event::Established { changed_from, .. } => {
            if let Some(before) = changed_from {
                lines.push(format!("event note another-key-than {before}"));
            }
            "event encrypted".to_owned()
        }
        Event::Renewed { .. } => "event refreshed".to_owned(),
        Event::AnotherKey { in_use, .. } => format!("event note text-stays-with {in_use}"),
        Event::Dropped { fingerprint, .. } => format!("event note dropped {fingerprint}"),
        Event::PeerEnded { .. } => "event finished".to_owned(),
        Event::Expired { .. } => "event note expired".to_owned(),
        Event::Smp { event, .. } => smp(event),
        Event::ExtraKey { usage, data, key, .. } => {
            format!("event extrakey {usage:08x} {} {}", hex(&data), hex(key.expose()))
        }
        Event::Heartbeat { .. } => "event heartbeat".to_owned(),
        Event::Missed { messages, .. } => format!("event note missed {messages}"),
        Event::PeerReportsError { words } => format!("event error {}", hex(&words)),
        Event::Unreadable { reason } => format!("event unreadable {reason}"),
        Event::Refused { reason } => format!("event note refused: {reason}"),
        Event::Knock { .. } => "event note knock".to_owned(),
        Event::LowerOffer { .. } => "event note lower-offer".to_owned(),
        Event::Records { .. } => "event note records".to_owned(),
        Event::Reflected => "event note reflected".to_owned(),
        Event::ForOtherDevice => "event other-instance".to_owned(),
    };
    lines.push(line);
}

fn smp(event: SmpEvent) -> String {
    match event {
        SmpEvent::Asked { question: None } => "event smp-asked".to_owned(),
        SmpEvent::Asked {
            question: Some(question),
        } => format!("event smp-asked {}", hex(&question)),
        SmpEvent::Succeeded => "event smp-success".to_owned(),
        SmpEvent::Failed => "event smp-failure".to_owned(),
        SmpEvent::Aborted { .. } => "event smp-aborted".to_owned(),
        SmpEvent::Cheated => "event smp-cheated".to_owned(),
    }
}

/// Lower-case hexadecimal digits, `-` for nothing.
pub fn hex(data: &[u8]) -> String {
    if data.is_empty() {
        return "-".to_owned();
    }
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes behind hexadecimal digits.
pub fn bytes(digits: &str) -> Option<Vec<u8>> {
    if digits == "-" {
        return Some(Vec::new());
    }
    let digits = digits.as_bytes().chunks(2);
    digits
        .map(|pair| match pair {
            [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
            _ => None,
        })
        .collect()
}
