//! The cryptography of identities: sealed secrets, passwords, session tokens, access keys.
//!
//! Input: the region's master key, passwords, tokens, and with each call the time and the randomness it needs. Output:
//! ciphertext, password hashes, tokens and verified claims.
//!
//! This crate never reads a file or a variable, looks at a clock, stores or looks up a user, decides what a user may
//! do, or shows a secret through `Debug`. It alone imports `argon2`, `jsonwebtoken` and the ciphers of `aws-lc-rs`.
//!
//! # Layout
//! - `secret`: text that must not be shown; `master_key`: the root of all other keys; `master_keys`: the master keys of a
//!   region, in order
//! - `seal`: secrets as ciphertext; `password`, `hasher`: passwords and their hashes
//! - `token`: session tokens; `refresh`: refresh tokens; `ticket`: what a URL may say of a session
//! - `data_key`: keys of encrypted objects and of their contents; `frames`: contents as ciphertext
//! - `piece_tags`: tags that tell stored bytes from bytes that a node made up
//! - `nats_key`: keys of NATS, for logins of consumers
//! - `notary`: keys that sign what the log holds
//! - `access_key`: fresh keys for S3; `credentials`: root's

mod access_key;
mod credentials;
mod data_key;
mod frames;
mod hasher;
mod master_key;
mod master_keys;
mod nats_key;
mod notary;
mod password;
mod piece_tags;
mod refresh;
mod seal;
mod secret;
mod ticket;
mod token;
mod webhook_key;

pub use access_key::{ACCESS_KEY_RANDOM_BYTES, AccessKey};
pub use credentials::Credentials;
pub use data_key::{DataKey, DataKeyError};
pub use frames::{ContentKey, FRAME_BYTES, FrameError, Opener, Stretch, TAG_BYTES, Wrapper};
pub use hasher::{Asker, HASHES_AT_ONCE_MAX, HASHES_WAITING_MAX, HashError, Hasher, SALT_BYTES, Verdict};
pub use master_key::{MASTER_KEY_BYTES, MasterKey, MasterKeyError};
pub use master_keys::{MASTER_KEYS_MAX, MasterKeys, MasterKeysError, Sealers};
pub use nats_key::{NATS_KEY_BYTES, NatsKey, NatsKeyError, is_signed_by_nats_server, nats_password};
pub use notary::{
    NOTARY_PUBLIC_KEY_BYTES, NOTARY_SEED_BYTES, NOTARY_SIGNATURE_BYTES, NotarySecret, NotarySecretError, is_signed_by,
};
pub use password::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, Password, PasswordError};
pub use piece_tags::{PIECE_SECRET_BYTES, PIECE_TAG_BYTES, PieceKey, PiecePlace, PieceSecret, PieceSecrets, PieceTag};
pub use refresh::{REFRESH_RANDOM_BYTES, RefreshToken, RefreshTokenError};
pub use seal::{
    NONCE_BYTES, SealError, Sealer, UnsealError, key_context, kms_key_context, link_context, password_context,
    target_context,
};
pub use secret::Secret;
pub use ticket::Tickets;
pub use token::{Bearer, Claims, Issued, TOKEN_TIME_SECONDS, TokenError, Tokens};
pub use webhook_key::{WEBHOOK_KEY_BYTES, fresh_webhook_key, is_webhook_key};
