#![allow(missing_docs, clippy::all)]
//! stub
use crate::secret::Secret; use crate::wire::tlv::Tlv; use rand_core::CryptoRng;
pub mod modp { pub struct Modp; }
pub struct Smp<G>(core::marker::PhantomData<G>);
#[derive(Debug,PartialEq,Eq,Clone,Copy)] pub enum Progress { Idle, WaitingForPeer, WaitingForOurSecret }
pub struct NotAsked;
pub enum Outcome { Asked { question: Option<Vec<u8>> }, Reply(Tlv), Done { matched: bool, reply: Option<Tlv> }, Cheated(Tlv), OutOfOrder(Tlv), AbortedByPeer, Ignored }
impl<G> Smp<G> { pub fn new() -> Self { Self(core::marker::PhantomData) } pub fn progress(&self) -> Progress { Progress::Idle }
 pub fn start(&mut self, _s: &Secret<32>, _q: Option<&[u8]>, _r: &mut dyn CryptoRng) -> Vec<Tlv> { vec![] }
 pub fn answer(&mut self, _s: &Secret<32>, _r: &mut dyn CryptoRng) -> Result<Tlv, NotAsked> { Err(NotAsked) }
 pub fn abort(&mut self) -> Tlv { Tlv::new(6, vec![]).unwrap() }
 pub fn receive(&mut self, _k: u16, _v: &[u8], _r: &mut dyn CryptoRng) -> Outcome { Outcome::Ignored } }
