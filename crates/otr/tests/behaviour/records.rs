//! Records that an application wants to see for itself.

use otr::wire::tlv;
use otr::{Event, Policy, Recipient, Tlv};

use crate::common::{deliver, private_pair};

#[test]
fn an_application_that_asks_is_told_of_every_record_before_the_core_acts() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let policy = Policy {
        padding_bucket: 0,
        ..*alice.conversation.policy()
    };
    alice.conversation.set_policy(policy);
    let asking = Policy {
        tell_records: true,
        ..*bob.conversation.policy()
    };
    bob.conversation.set_policy(asking);
    let records = [
        Tlv::new(0x7fff, b"own use".to_vec()).unwrap(),
        Tlv::new(tlv::PADDING, vec![0; 3]).unwrap(),
        Tlv::new(tlv::DISCONNECTED, Vec::new()).unwrap(),
    ];
    alice.act(|conversation, env| conversation.send(env, Recipient::Best, b"hi", &records).unwrap());
    deliver(&mut alice, &mut bob);
    let told = bob.take_events();
    let [
        Event::Text { .. },
        Event::Records { records: seen, .. },
        Event::PeerEnded { .. },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(seen, &records);
}

#[test]
fn nobody_else_is_told() {
    let (mut alice, mut bob) = private_pair(&[3]);
    let record = Tlv::new(0x7fff, b"own use".to_vec()).unwrap();
    alice.act(|conversation, env| conversation.send(env, Recipient::Best, b"hi", &[record]).unwrap());
    deliver(&mut alice, &mut bob);
    assert!(matches!(bob.take_events()[..], [Event::Text { .. }]));
}
