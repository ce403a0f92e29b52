//! `chatham.sealed`: the store's files in one, encrypted with a key that comes from a pass phrase.
//!
//! ```text
//! "chatham sealed 1\n"   17 bytes
//! memory in KiB           4 bytes, big-endian, as are the next two
//! passes                  4
//! lanes                   4
//! salt                   16
//! nonce                  24
//! the files, encrypted by XChaCha20-Poly1305 under Argon2id(pass phrase, salt), with everything before
//! them as associated data, and its tag of 16 bytes
//! ```
//!
//! Inside, each of the files in their order: a byte 0 for none, or 1, the length in four bytes and the
//! content. The first four are always there; of the others, files of none are left away at the end, so
//! that a store without version 4 is what it was before there was one. Nothing is compressed. What the header asks for is bounded before any memory is
//! taken, so that a file somebody else has made cannot exhaust it.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

/// What a person types to open a store. Wiped when dropped.
#[derive(PartialEq, Eq)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// A pass phrase, every byte of which counts.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// Whether nothing was typed, which protects nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What a guess at the pass phrase costs, and opening the store too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// 64 MiB and three passes: the second choice of RFC 9106, in one lane. About a fifth of a second.
    pub const USUAL: Self = Self {
        memory: 64 << 10,
        passes: 3,
        lanes: 1,
    };

    /// 8 MiB and one pass: the least that is read. For tests, and very small machines.
    pub const LEAST: Self = Self {
        memory: MIN_MEMORY,
        passes: 1,
        lanes: 1,
    };

    /// What a header asks for, if it is neither less than [`Cost::LEAST`] nor more than any machine should give.
    fn bounded(memory: u32, passes: u32, lanes: u32) -> Option<Self> {
        let fits = (MIN_MEMORY..=MAX_MEMORY).contains(&memory)
            && (1..=MAX_PASSES).contains(&passes)
            && (1..=MAX_LANES).contains(&lanes)
            && u64::from(memory) * u64::from(passes) <= MAX_WORK;
        fits.then_some(Self {
            memory,
            passes,
            lanes,
        })
    }
}

/// Why a sealed file cannot be opened or made. Which part of the file is wrong, beyond the header,
/// cannot be told from a wrong pass phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Another kind of file, or another version of this one.
    #[error("the file is no sealed store that this version knows")]
    Header,
    /// Shorter than the shortest.
    #[error("the file was cut short")]
    Short,
    /// The header asks for more than [`Cost`] allows, or less.
    #[error(
        "the file asks for a cost that no genuine one has; it may have been changed to exhaust the memory"
    )]
    Cost,
    /// The tag does not fit.
    #[error("the pass phrase is wrong, or the file is damaged")]
    Wrong,
    /// The pass phrase fits, and what is inside is not understood.
    #[error("the content is not understood; another version of this program may have written it")]
    Content,
    /// There is not enough memory.
    #[error("there is not enough memory to try the pass phrase")]
    Memory,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Randomness,
}

/// The files of a store, by their order.
pub(crate) type Contents = [Option<Zeroizing<Vec<u8>>>; FILES];

/// How many files a store has.
pub(crate) const FILES: usize = 7;

/// How many it had at first, and of how many it always tells whether they are there.
const FIRST_FILES: usize = 4;

/// A key that has come from a pass phrase. Making it takes the time that [`Cost`] says.
pub(crate) struct Seal {
    cost: Cost,
    salt: [u8; SALT],
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// A seal with a new salt.
    pub(crate) fn new(passphrase: &Passphrase, cost: Cost) -> Result<Self, SealError> {
        let mut salt = [0; SALT];
        random(&mut salt)?;
        Self::derive(passphrase, cost, salt)
    }

    fn derive(passphrase: &Passphrase, cost: Cost, salt: [u8; SALT]) -> Result<Self, SealError> {
        let params =
            Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(|_| SealError::Cost)?;
        let count = params.block_count();
        let mut blocks = Vec::new();
        // A machine with less memory gets an error, not an abort.
        blocks.try_reserve_exact(count).map_err(|_| SealError::Memory)?;
        blocks.resize_with(count, Block::new);
        let mut key = Zeroizing::new([0; 32]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let derived =
            argon2.hash_password_into_with_memory(&passphrase.0, &salt, &mut *key, blocks.as_mut_slice());
        blocks.iter_mut().for_each(Zeroize::zeroize);
        derived.map_err(|_| SealError::Cost)?;
        Ok(Self { cost, salt, key })
    }

    /// Opens a file: what is in it, and the seal to close it again.
    pub(crate) fn open(passphrase: &Passphrase, file: &[u8]) -> Result<(Self, Contents), SealError> {
        let (header, _) = split(file)?;
        let (cost, salt) = read_header(header)?;
        let seal = Self::derive(passphrase, cost, salt)?;
        let contents = seal.unseal(file)?;
        Ok((seal, contents))
    }

    fn unseal(&self, file: &[u8]) -> Result<Contents, SealError> {
        let (header, sealed) = split(file)?;
        let (_, nonce) = header.split_last_chunk::<NONCE>().ok_or(SealError::Short)?;
        let plain = self
            .cipher()
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: header,
                },
            )
            .map_err(|_| SealError::Wrong)?;
        unpack(&Zeroizing::new(plain)).ok_or(SealError::Content)
    }

    /// The whole file, under a nonce of its own.
    pub(crate) fn close(&self, contents: &Contents) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        let mut file = Vec::with_capacity(HEADER);
        file.extend_from_slice(MAGIC);
        for number in [self.cost.memory, self.cost.passes, self.cost.lanes] {
            file.extend(number.to_be_bytes());
        }
        file.extend_from_slice(&self.salt);
        file.extend_from_slice(&nonce);
        let plain = pack(contents);
        let payload = Payload {
            msg: &plain,
            aad: &file,
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Memory)?;
        file.extend_from_slice(&sealed);
        Ok(file)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.key).into())
    }
}

fn random(bytes: &mut [u8]) -> Result<(), SealError> {
    getrandom::fill(bytes).map_err(|_| SealError::Randomness)
}

/// The header, and what is sealed.
fn split(file: &[u8]) -> Result<(&[u8], &[u8]), SealError> {
    let start = file.get(..MAGIC.len()).unwrap_or(file);
    if !MAGIC.starts_with(start) {
        return Err(SealError::Header);
    }
    match file.split_at_checked(HEADER) {
        Some((header, sealed)) if sealed.len() >= TAG => Ok((header, sealed)),
        _ => Err(SealError::Short),
    }
}

fn read_header(header: &[u8]) -> Result<(Cost, [u8; SALT]), SealError> {
    let rest = header.get(MAGIC.len()..).ok_or(SealError::Short)?;
    let (memory, rest) = rest.split_first_chunk::<4>().ok_or(SealError::Short)?;
    let (passes, rest) = rest.split_first_chunk::<4>().ok_or(SealError::Short)?;
    let (lanes, rest) = rest.split_first_chunk::<4>().ok_or(SealError::Short)?;
    let (salt, _) = rest.split_first_chunk::<SALT>().ok_or(SealError::Short)?;
    let [memory, passes, lanes] = [memory, passes, lanes].map(|bytes| u32::from_be_bytes(*bytes));
    let cost = Cost::bounded(memory, passes, lanes).ok_or(SealError::Cost)?;
    Ok((cost, *salt))
}

/// All files in one buffer, which never moves.
fn pack(contents: &Contents) -> Zeroizing<Vec<u8>> {
    let room: usize = contents.iter().flatten().map(|file| file.len()).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(room + 5 * FILES));
    let last = contents.iter().rposition(Option::is_some);
    let count = last.map_or(FIRST_FILES, |last| FIRST_FILES.max(last + 1));
    for file in contents.iter().take(count) {
        match file {
            None => plain.push(0),
            Some(file) => {
                plain.push(1);
                // The store reads and writes no file of more than some megabytes.
                plain.extend(u32::try_from(file.len()).unwrap_or(u32::MAX).to_be_bytes());
                plain.extend_from_slice(file);
            }
        }
    }
    plain
}

fn unpack(plain: &[u8]) -> Option<Contents> {
    let mut contents = Contents::default();
    let mut rest = plain;
    for (position, file) in contents.iter_mut().enumerate() {
        if position >= FIRST_FILES && rest.is_empty() {
            break;
        }
        let (there, behind) = rest.split_first()?;
        rest = behind;
        match there {
            0 => {}
            1 => {
                let (length, behind) = rest.split_first_chunk::<4>()?;
                let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
                let (bytes, behind) = behind.split_at_checked(length)?;
                *file = Some(Zeroizing::new(bytes.to_vec()));
                rest = behind;
            }
            _ => return None,
        }
    }
    rest.is_empty().then_some(contents)
}

const MAGIC: &[u8] = b"chatham sealed 1\n";
const SALT: usize = 16;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEADER: usize = MAGIC.len() + 3 * 4 + SALT + NONCE;

/// In KiB: eight MiB, half a GiB.
const MIN_MEMORY: u32 = 8 << 10;
const MAX_MEMORY: u32 = 512 << 10;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 8;

/// Passes over so many KiB: some seconds.
const MAX_WORK: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase() -> Passphrase {
        Passphrase::new("correct horse")
    }

    fn contents() -> Contents {
        let file = |text: &str| Some(Zeroizing::new(text.as_bytes().to_vec()));
        let first = [file("the keys"), None, file(""), file("peers\0\n")];
        let [keys, known, tags, peers] = first;
        [keys, known, tags, peers, file("v4 keys"), None, file("known")]
    }

    #[test]
    fn what_is_closed_opens_with_the_same_phrase_only() {
        let seal = Seal::new(&phrase(), Cost::LEAST).unwrap();
        let file = seal.close(&contents()).unwrap();
        assert_ne!(
            file,
            seal.close(&contents()).unwrap(),
            "every file has a nonce of its own"
        );
        let (again, found) = Seal::open(&phrase(), &file).unwrap();
        assert_eq!(found, contents());
        assert_eq!((again.cost, again.salt), (seal.cost, seal.salt));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            let error = Seal::open(&Passphrase::new(wrong), &file).err();
            assert_eq!(error, Some(SealError::Wrong), "{wrong:?}");
        }
        assert!(!file.windows(8).any(|window| window == b"the keys"));
    }

    #[test]
    fn s56_a_file_cut_anywhere_is_an_error() {
        let seal = Seal::new(&phrase(), Cost::LEAST).unwrap();
        let file = seal.close(&contents()).unwrap();
        for length in 0..file.len() {
            let cut = &file[..length];
            let error = seal.unseal(cut).unwrap_err();
            if length < HEADER + TAG {
                assert_eq!(error, SealError::Short, "{length}");
                assert_eq!(Seal::open(&phrase(), cut).err(), Some(SealError::Short));
            } else {
                assert_eq!(error, SealError::Wrong, "{length}");
            }
        }
        let longer = [&file[..], b"\0"].concat();
        assert_eq!(seal.unseal(&longer), Err(SealError::Wrong));
    }

    #[test]
    fn s56_every_flipped_bit_is_an_error() {
        let seal = Seal::new(&phrase(), Cost::LEAST).unwrap();
        let file = seal.close(&contents()).unwrap();
        for bit in 0..file.len() * 8 {
            let mut bad = file.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // The key is the true one, so only the tag can tell.
            assert!(seal.unseal(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn s56_a_header_cannot_ask_for_much_memory_or_time() {
        let file = Seal::new(&phrase(), Cost::LEAST)
            .unwrap()
            .close(&contents())
            .unwrap();
        for (memory, passes, lanes) in [
            (u32::MAX, 1, 1),
            (MAX_MEMORY + 1, 1, 1),
            (MIN_MEMORY - 1, 1, 1),
            (0, 1, 1),
            (MIN_MEMORY, 0, 1),
            (MIN_MEMORY, u32::MAX, 1),
            (MAX_MEMORY, 9, 1),
            (MIN_MEMORY, 1, 0),
            (MIN_MEMORY, 1, MAX_LANES + 1),
        ] {
            let mut bad = file.clone();
            let numbers = [memory, passes, lanes].map(u32::to_be_bytes).concat();
            bad[MAGIC.len()..MAGIC.len() + 12].copy_from_slice(&numbers);
            let error = Seal::open(&phrase(), &bad).err();
            assert_eq!(error, Some(SealError::Cost), "{memory} {passes} {lanes}");
        }
        assert!(Cost::bounded(Cost::USUAL.memory, Cost::USUAL.passes, Cost::USUAL.lanes).is_some());
    }

    #[test]
    fn another_kind_of_file_is_told_as_such() {
        for file in [&b"(privkeys"[..], b"chatham sealed 2\n", b"\0"] {
            let file = [file, &[0; 200]].concat();
            assert_eq!(Seal::open(&phrase(), &file).err(), Some(SealError::Header));
        }
    }

    #[test]
    fn what_is_inside_is_read_whole_or_not_at_all() {
        let plain = pack(&contents());
        assert_eq!(unpack(&plain), Some(contents()));
        // Behind the fourth file a store of earlier days ends, and the fifth and sixth may be the last.
        let ends = [31, 43, 44];
        for length in (0..plain.len()).filter(|length| !ends.contains(length)) {
            assert_eq!(unpack(&plain[..length]), None, "{length}");
        }
        assert_eq!(unpack(&[&plain[..], b"\0"].concat()), None);
        assert_eq!(unpack(&[2, 0, 0, 0]), None);
        assert_eq!(unpack(&[1, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn a_store_without_version_4_is_sealed_as_before_there_was_one() {
        let mut contents = contents();
        let whole = pack(&contents);
        contents[4..].fill(None);
        let plain = pack(&contents);
        assert_eq!(*plain, whole[..31]);
        assert_eq!(plain[19..20], [1], "the fourth file is the last");
        assert_eq!(unpack(&plain), Some(contents));
        assert_eq!(*pack(&Contents::default()), [0; 4]);
    }

    #[test]
    fn no_phrase_in_debug() {
        assert_eq!(format!("{:?}", phrase()), "Passphrase(..)");
    }
}
