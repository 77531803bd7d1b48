//! Proofs of authorship: the proof that is appended with each entry of the log, and how readers check it.
//!
//! A proof is a MAC of the region and the entry's sequence, subject, id and bytes: it is valid for no other entry,
//! place or region. Each author proves an event to each kind of reader that holds keys of its own, by a MAC which that
//! kind can check: whoever can check one can make it, and so fools nobody else.

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
pub(crate) const MAC_BYTES: usize = 16;

/// Length of a MAC as text.
const MAC_CHARS: usize = (MAC_BYTES * 4).div_ceil(3);

/// Separates the parts of a proof.
const SEPARATOR: char = '.';

const _: () = assert!(3 * MAC_CHARS + 16 <= PROOF_BYTES_MAX);

/// The author and the reader of a proof.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    GatewayToGateway,
    GatewayToLifecycle,
    GatewayToMaintenance,
    LifecycleToAll,
    MaintenanceToAll,
    MaintenanceToLifecycle,
    /// This is not a proof: it names the keys.
    Name,
    /// Commands that an author sends to the process that commits for all.
    CommandsBy(Author),
    /// Answers to these.
    AnswersTo(Author),
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::GatewayToGateway => b"planetstore event by gateway to gateway v1\n",
            Self::GatewayToLifecycle => b"planetstore event by gateway to lifecycle v1\n",
            Self::GatewayToMaintenance => b"planetstore event by gateway to maintenance v1\n",
            Self::LifecycleToAll => b"planetstore event by lifecycle v1\n",
            Self::MaintenanceToAll => b"planetstore event by maintenance v1\n",
            Self::MaintenanceToLifecycle => b"planetstore event by maintenance to lifecycle v1\n",
            Self::Name => b"planetstore keyring v1\n",
            Self::CommandsBy(Author::Gateway) => b"planetstore commands by gateway v1\n",
            Self::CommandsBy(Author::Lifecycle) => b"planetstore commands by lifecycle v1\n",
            Self::CommandsBy(Author::Maintenance) => b"planetstore commands by maintenance v1\n",
            Self::AnswersTo(Author::Gateway) => b"planetstore answers to gateway v1\n",
            Self::AnswersTo(Author::Lifecycle) => b"planetstore answers to lifecycle v1\n",
            Self::AnswersTo(Author::Maintenance) => b"planetstore answers to maintenance v1\n",
        }
    }
}

/// A MAC that has taken its key, its purpose and the region.
#[derive(Clone)]
pub(crate) struct Begun(Hmac<Sha256>);

/// The parts of an entry that a proof covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement<'a> {
    pub(crate) subject: &'a str,
    pub(crate) sequence: u64,
    pub(crate) id: EventId,
    /// The hash of the entry's bytes.
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
        // The only part without a fixed length comes last.
        mac.update(statement.subject.as_bytes());
        mac
    }

    /// The MAC of bytes that are no entry of the log, in parts of which only the last may vary in length.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        let mut tag = [0; MAC_BYTES];
        tag.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        tag
    }

    /// Compares such a MAC in constant time.
    pub(crate) fn is_tag(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        tag.len() == MAC_BYTES && mac.verify_truncated_left(tag).is_ok()
    }

    fn text(&self, statement: &Statement<'_>) -> String {
        URL_SAFE_NO_PAD.encode(&self.of(statement).finalize().into_bytes()[..MAC_BYTES])
    }

    /// Compares a proof in constant time.
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
    /// The keys between gateways, if this process holds them.
    gateways: Option<Begun>,
    /// Of everybody: all hold the key of what follows lifecycle rules.
    to_lifecycle: Begun,
    by_lifecycle: Begun,
    maintenance_to_lifecycle: Begun,
    /// Of gateways and of those who keep contents whole.
    maintenance: Option<OfMaintenance>,
}

/// What the key of the services that keep contents whole proves.
#[derive(Clone)]
struct OfMaintenance {
    to: Begun,
    by: Begun,
}

/// Begins MACs with an author's key of some numbers.
pub(crate) fn begin(
    keyring: &Keyring,
    region: &RegionName,
    numbers: KeyNumbers,
    (author, purpose): (Author, Purpose),
) -> Result<Begun, FoldError> {
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
}

impl InUse {
    fn of(keyring: &Keyring, region: &RegionName, numbers: KeyNumbers) -> Result<Self, FoldError> {
        let begun = |author: Author, purpose| begin(keyring, region, numbers, (author, purpose));
        let gateways = match keyring {
            Keyring::Gateway { .. } => Some(begun(Author::Gateway, Purpose::GatewayToGateway)?),
            Keyring::Lifecycle(_) | Keyring::Maintenance { .. } => None,
        };
        let maintenance = match keyring {
            Keyring::Gateway { .. } | Keyring::Maintenance { .. } => Some(OfMaintenance {
                to: begun(Author::Maintenance, Purpose::GatewayToMaintenance)?,
                by: begun(Author::Maintenance, Purpose::MaintenanceToAll)?,
            }),
            Keyring::Lifecycle(_) => None,
        };
        Ok(Self {
            numbers,
            gateways,
            to_lifecycle: begun(Author::Lifecycle, Purpose::GatewayToLifecycle)?,
            by_lifecycle: begun(Author::Lifecycle, Purpose::LifecycleToAll)?,
            maintenance_to_lifecycle: begun(Author::Lifecycle, Purpose::MaintenanceToLifecycle)?,
            maintenance,
        })
    }
}

impl AuthorKey {
    /// Returns a check value of the keys under a master key, from which they cannot be computed; `None` if none are
    /// held under it.
    pub fn check(&self, master: u32, region: &RegionName) -> Option<KeyCheck> {
        let secret = self.secret(master, 0)?;
        let Begun(mac) = Begun::new(&secret, Purpose::Name, region);
        let mut check = [0; MAC_BYTES];
        check.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        Some(KeyCheck(check))
    }
}

/// Returns the proof of an event by the newest keys of an author that is no gateway. A thief of these keys can make this
/// proof and no other.
pub fn proof_by(
    keyring: &Keyring,
    region: &RegionName,
    (subject, sequence, id): (&str, u64, EventId),
    payload: &[u8],
) -> String {
    let statement = Statement { subject, sequence, id, hash: chain_hash(payload) };
    let macs = match keyring {
        Keyring::Gateway { .. } => Vec::new(),
        Keyring::Lifecycle(lifecycle) => vec![(lifecycle, Purpose::LifecycleToAll)],
        Keyring::Maintenance { maintenance, lifecycle } => {
            vec![(maintenance, Purpose::MaintenanceToAll), (lifecycle, Purpose::MaintenanceToLifecycle)]
        }
    };
    let mut proof = keyring.author().as_str().to_owned();
    for (key, purpose) in macs {
        let secret = key.secret(key.master_keys().saturating_sub(1), key.number());
        proof.push(SEPARATOR);
        proof.extend(secret.map(|secret| Begun::new(&secret, purpose, region).text(&statement)));
    }
    proof
}

/// Makes proofs for the events of this process, and finds the authors of all other entries.
pub(crate) struct Prover {
    keyring: Keyring,
    region: RegionName,
    in_use: InUse,
}

impl Prover {
    /// Makes a prover for a region that never changed a key.
    pub(crate) fn new(keyring: Keyring, region: RegionName) -> Result<Self, FoldError> {
        let in_use = InUse::of(&keyring, &region, KeyNumbers::default())?;
        Ok(Self { keyring, region, in_use })
    }

    /// Returns the author that this process is.
    pub(crate) fn author(&self) -> Author {
        self.keyring.author()
    }

    pub(crate) fn region(&self) -> &RegionName {
        &self.region
    }

    /// Switches to the keys in use at a place of the log.
    pub(crate) fn turn_to(&mut self, numbers: KeyNumbers) -> Result<(), FoldError> {
        if self.in_use.numbers != numbers {
            self.in_use = InUse::of(&self.keyring, &self.region, numbers)?;
        }
        Ok(())
    }

    /// Returns whether the keys of this process under the new master key are the ones that the fact names.
    pub(crate) fn holds(&self, changed: &MasterKeyChanged) -> bool {
        let checks = [
            (Author::Gateway, changed.gateway),
            (Author::Lifecycle, changed.lifecycle),
            (Author::Maintenance, changed.maintenance),
        ];
        checks.into_iter().all(|(author, check)| {
            self.keyring.of(author).is_none_or(|key| key.check(changed.number, &self.region) == Some(check))
        })
    }

    /// Returns the proof of an event of this process.
    pub(crate) fn prove(&self, statement: &Statement<'_>) -> String {
        let (author, keys) = (self.author(), &self.in_use);
        let mut proof = author.as_str().to_owned();
        let of_maintenance = keys.maintenance.as_ref();
        let macs = match author {
            Author::Gateway => {
                [keys.gateways.as_ref(), Some(&keys.to_lifecycle), of_maintenance.map(|maintenance| &maintenance.to)]
            }
            Author::Lifecycle => [Some(&keys.by_lifecycle), None, None],
            Author::Maintenance => {
                [of_maintenance.map(|maintenance| &maintenance.by), Some(&keys.maintenance_to_lifecycle), None]
            }
        };
        for mac in macs.into_iter().flatten() {
            proof.push(SEPARATOR);
            proof.push_str(&mac.text(statement));
        }
        proof
    }

    /// Returns the author of an entry with bytes of this hash; `None` if no author proves it.
    pub(crate) fn author_of(&self, stored: &Stored, hash: Sha256Digest) -> Option<Author> {
        let mut parts = stored.proof.as_deref()?.split(SEPARATOR);
        let author = parts.next()?;
        let macs = (parts.next()?, parts.next(), parts.next(), parts.next());
        let statement = Statement { subject: &stored.subject, sequence: stored.sequence, id: stored.id, hash };
        let keys = &self.in_use;
        // Each reader looks at all that it can check, so that all agree.
        let is = |key: Option<&Begun>, mac| key.is_none_or(|key| key.is(&statement, mac));
        let of_maintenance = keys.maintenance.as_ref();
        match (author, macs) {
            ("gateway", (to_gateway, Some(to_lifecycle), Some(to_maintenance), None)) => {
                let is_proven = is(keys.gateways.as_ref(), to_gateway)
                    && is(Some(&keys.to_lifecycle), to_lifecycle)
                    && is(of_maintenance.map(|maintenance| &maintenance.to), to_maintenance);
                is_proven.then_some(Author::Gateway)
            }
            ("lifecycle", (to_all, None, None, None)) => {
                keys.by_lifecycle.is(&statement, to_all).then_some(Author::Lifecycle)
            }
            ("maintenance", (to_all, Some(to_lifecycle), None, None)) => {
                let is_proven = is(of_maintenance.map(|maintenance| &maintenance.by), to_all)
                    && is(Some(&keys.maintenance_to_lifecycle), to_lifecycle);
                is_proven.then_some(Author::Maintenance)
            }
            _ => None,
        }
    }

    /// Returns a name of the keys, from which they cannot be computed and which differs for other keys.
    pub(crate) fn name(&self) -> [u8; MAC_BYTES] {
        let check = self.keyring.of(self.author()).and_then(|key| key.check(0, &self.region));
        check.map_or([0; MAC_BYTES], |KeyCheck(name)| name)
    }
}
