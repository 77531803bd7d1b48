//! Who wrote an entry of the log: the proof that is appended with it, and what it proves to whoever reads it.
//!
//! A proof is a MAC of where the entry is, on which subject and with which id and bytes: nothing of it can be used for
//! another entry, at another place or in another region. Gateways prove each event twice, to gateways and to what
//! follows lifecycle rules, which holds no key by which a gateway would know another gateway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::row::KeyNumbers;
use eventlog::{PROOF_BYTES_MAX, Stored};
use events::ids::{EventId, KeyCheck, RegionName, Sha256Digest};
use events::region::MasterKeyChanged;
use events::{Author, chain_hash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::FoldError;
use crate::keyring::{AUTHOR_KEY_BYTES, AuthorKey, Keyring};

/// Length of a block of SHA-256, in bytes.
const BLOCK_BYTES: usize = 64;

/// Length of a MAC, in bytes: half of what HMAC-SHA256 gives, which leaves 128 bits to guess.
///
/// Source: RFC 2104, section 5.
const MAC_BYTES: usize = 16;

/// Length of a MAC as text.
const MAC_CHARS: usize = (MAC_BYTES * 4).div_ceil(3);

/// Between the parts of a proof.
const SEPARATOR: char = '.';

const _: () = assert!(2 * MAC_CHARS + 16 <= PROOF_BYTES_MAX);

/// What a proof says, and to whom.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    GatewayToGateway,
    GatewayToLifecycle,
    LifecycleToAll,
    /// Not a proof: which keys these are.
    Name,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::GatewayToGateway => b"planetstore event by gateway to gateway v1\n",
            Self::GatewayToLifecycle => b"planetstore event by gateway to lifecycle v1\n",
            Self::LifecycleToAll => b"planetstore event by lifecycle v1\n",
            Self::Name => b"planetstore keyring v1\n",
        }
    }
}

/// A MAC that has taken its key, its purpose and the region.
#[derive(Clone)]
struct Begun(Hmac<Sha256>);

/// What is proven of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement<'a> {
    pub(crate) subject: &'a str,
    pub(crate) sequence: u64,
    pub(crate) id: EventId,
    /// Of its bytes.
    pub(crate) hash: Sha256Digest,
}

impl Begun {
    fn new(secret: &[u8; AUTHOR_KEY_BYTES], purpose: Purpose, region: &RegionName) -> Self {
        // HMAC fills a key that is shorter than a block with zeros.
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        block[..AUTHOR_KEY_BYTES].copy_from_slice(secret);
        let mut mac: Hmac<Sha256> = Hmac::new(&(*block).into());
        mac.update(purpose.label());
        mac.update(region.as_str().as_bytes());
        mac.update(b"\n");
        Self(mac)
    }

    fn of(&self, statement: &Statement<'_>) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&statement.sequence.to_be_bytes());
        mac.update(statement.id.0.as_bytes());
        mac.update(&statement.hash.0);
        // What has no fixed length comes last.
        mac.update(statement.subject.as_bytes());
        mac
    }

    fn text(&self, statement: &Statement<'_>) -> String {
        URL_SAFE_NO_PAD.encode(&self.of(statement).finalize().into_bytes()[..MAC_BYTES])
    }

    /// In a time that does not depend on how much of it is right.
    fn is(&self, statement: &Statement<'_>, text: &str) -> bool {
        let mut mac = [0; MAC_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut mac);
        length == Ok(MAC_BYTES) && self.of(statement).verify_truncated_left(&mac).is_ok()
    }
}

/// The keys of some numbers, ready for use.
#[derive(Clone)]
struct InUse {
    numbers: KeyNumbers,
    /// Of the gateways among themselves, where they are known here.
    gateways: Option<Begun>,
    to_lifecycle: Begun,
    by_lifecycle: Begun,
}

impl InUse {
    fn of(keyring: &Keyring, region: &RegionName, numbers: KeyNumbers) -> Result<Self, FoldError> {
        let begun = |author: Author, purpose| {
            let key = keyring.of(author).ok_or(FoldError::KeyMissing { author, number: 0, held: 0 })?;
            let (master, number) = (numbers.master_number(), numbers.of(author));
            let missing = |held| FoldError::MasterKeyMissing { number: master, held };
            let held = key.held(master).ok_or_else(|| missing(key.master_keys()))?;
            if let Some(master) = numbers.master
                && key.check(master.number, region) != Some(master.of(author))
            {
                return Err(FoldError::OtherMasterKey { number: master.number, key: master.key });
            }
            let secret = key.secret(master, number).ok_or(FoldError::KeyMissing { author, number, held })?;
            Ok(Begun::new(&secret, purpose, region))
        };
        let gateways = match keyring {
            Keyring::Gateway { .. } => Some(begun(Author::Gateway, Purpose::GatewayToGateway)?),
            Keyring::Lifecycle(_) => None,
        };
        let (to_lifecycle, by_lifecycle) = (
            begun(Author::Lifecycle, Purpose::GatewayToLifecycle)?,
            begun(Author::Lifecycle, Purpose::LifecycleToAll)?,
        );
        Ok(Self { numbers, gateways, to_lifecycle, by_lifecycle })
    }
}

impl AuthorKey {
    /// What tells these keys under a master key from others, and tells nothing of them; `None` if none are held under
    /// that.
    pub fn check(&self, master: u32, region: &RegionName) -> Option<KeyCheck> {
        let secret = self.secret(master, 0)?;
        let Begun(mac) = Begun::new(&secret, Purpose::Name, region);
        let mut check = [0; MAC_BYTES];
        check.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        Some(KeyCheck(check))
    }
}

/// What proves an event by the key of what follows lifecycle rules: all that whoever stole the key can prove.
pub fn proof_of_lifecycle(
    key: &AuthorKey,
    region: &RegionName,
    (subject, sequence, id): (&str, u64, EventId),
    payload: &[u8],
) -> String {
    let statement = Statement { subject, sequence, id, hash: chain_hash(payload) };
    let newest = key.master_keys().saturating_sub(1);
    let secret = key.secret(newest, key.number());
    let mac = secret.map(|secret| Begun::new(&secret, Purpose::LifecycleToAll, region).text(&statement));
    format!("{}{SEPARATOR}{}", Author::Lifecycle.as_str(), mac.unwrap_or_default())
}

/// Proves what is written here, and finds out who wrote the rest.
pub(crate) struct Prover {
    keyring: Keyring,
    region: RegionName,
    in_use: InUse,
}

impl Prover {
    /// For a region none of whose keys was ever changed.
    pub(crate) fn new(keyring: Keyring, region: RegionName) -> Result<Self, FoldError> {
        let in_use = InUse::of(&keyring, &region, KeyNumbers::default())?;
        Ok(Self { keyring, region, in_use })
    }

    /// Who writes here.
    pub(crate) fn author(&self) -> Author {
        self.keyring.author()
    }

    pub(crate) fn region(&self) -> &RegionName {
        &self.region
    }

    /// Takes the keys that are in use at the place in question.
    pub(crate) fn turn_to(&mut self, numbers: KeyNumbers) -> Result<(), FoldError> {
        if self.in_use.numbers != numbers {
            self.in_use = InUse::of(&self.keyring, &self.region, numbers)?;
        }
        Ok(())
    }

    /// Whether all keys that are held here have the next row under the master key that a fact puts in use.
    pub(crate) fn holds(&self, changed: &MasterKeyChanged) -> bool {
        let checks = [(Author::Gateway, changed.gateway), (Author::Lifecycle, changed.lifecycle)];
        checks.into_iter().all(|(author, check)| {
            self.keyring.of(author).is_none_or(|key| key.check(changed.number, &self.region) == Some(check))
        })
    }

    /// What proves an event that is written here.
    pub(crate) fn prove(&self, statement: &Statement<'_>) -> String {
        let author = self.author();
        let mut proof = author.as_str().to_owned();
        let macs = match author {
            Author::Gateway => [self.in_use.gateways.as_ref(), Some(&self.in_use.to_lifecycle)],
            Author::Lifecycle => [Some(&self.in_use.by_lifecycle), None],
        };
        for mac in macs.into_iter().flatten() {
            proof.push(SEPARATOR);
            proof.push_str(&mac.text(statement));
        }
        proof
    }

    /// Who wrote an entry with bytes of this hash; `None` if that is not proven.
    pub(crate) fn author_of(&self, stored: &Stored, hash: Sha256Digest) -> Option<Author> {
        let mut parts = stored.proof.as_deref()?.split(SEPARATOR);
        let author = parts.next()?;
        let macs = (parts.next()?, parts.next(), parts.next());
        let statement = Statement { subject: &stored.subject, sequence: stored.sequence, id: stored.id, hash };
        match (author, macs) {
            ("gateway", (to_gateway, Some(to_lifecycle), None)) => {
                // Gateways look at both, so that all agree.
                let to_us = self.in_use.gateways.as_ref().is_none_or(|gateways| gateways.is(&statement, to_gateway));
                (to_us && self.in_use.to_lifecycle.is(&statement, to_lifecycle)).then_some(Author::Gateway)
            }
            ("lifecycle", (to_all, None, None)) => {
                self.in_use.by_lifecycle.is(&statement, to_all).then_some(Author::Lifecycle)
            }
            _ => None,
        }
    }

    /// A name of the keys that tells nothing of them, and differs for others.
    pub(crate) fn name(&self) -> [u8; MAC_BYTES] {
        let check = self.keyring.of(self.author()).and_then(|key| key.check(0, &self.region));
        check.map_or([0; MAC_BYTES], |KeyCheck(name)| name)
    }
}
