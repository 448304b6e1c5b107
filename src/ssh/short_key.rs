//! P-256 keys in OpenSSH's format whose secret number begins with a zero byte.
//!
//! ssh-keygen writes the number as an mpint, without leading zeros (RFC 4251, section 5), so one key in 256 has fewer than
//! 32 bytes of it. ssh-key refuses those up to 0.7.0-rc.12 ("length invalid", `MIN_SIZE` in its `private/ecdsa.rs`).

use data_encoding::BASE64;
use russh::keys::ssh_encoding::{Decode, Reader};
use russh::keys::ssh_key::private::{EcdsaKeypair, EcdsaPrivateKey, KeypairData};
use russh::keys::ssh_key::sec1::EncodedPoint;
use russh::keys::ssh_key::{Cipher, Error, Kdf};
use russh::keys::{PrivateKey, ssh_encoding, ssh_key};

const SIZE: usize = 32;
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Reads such a key; anything else is an error.
pub(super) fn decode(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, Error> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let bytes = BASE64.decode(lines.collect::<String>().as_bytes()).map_err(|_| Error::FormatEncoding)?;
    let mut reader = bytes.strip_prefix(MAGIC).ok_or(Error::FormatEncoding)?;
    let private = private_part(&mut reader, passphrase)?;
    PrivateKey::try_from(KeypairData::Ecdsa(keypair(&mut &*private)?))
}

/// What the file keeps to itself, deciphered if it has to be (PROTOCOL.key of OpenSSH, sections 1 and 3).
fn private_part(reader: &mut &[u8], passphrase: Option<&str>) -> Result<Vec<u8>, Error> {
    let cipher = Cipher::decode(reader)?;
    let kdf = Kdf::decode(reader)?;
    if u32::decode(reader)? != 1 {
        return Err(Error::FormatEncoding);
    }
    let _public = Vec::<u8>::decode(reader)?;
    let mut private = Vec::<u8>::decode(reader)?;
    if cipher.is_some() {
        let (key, iv) = kdf.derive_key_and_iv(cipher, passphrase.ok_or(Error::Encrypted)?)?;
        let mut tag = ssh_key::cipher::Tag::default();
        if cipher.has_tag() {
            reader.read(&mut tag)?;
        }
        cipher.decrypt(&key, &iv, &mut private, cipher.has_tag().then_some(tag))?;
    }
    Ok(private)
}

fn keypair(reader: &mut &[u8]) -> Result<EcdsaKeypair, Error> {
    // Two equal numbers say that the passphrase was right.
    if u32::decode(reader)? != u32::decode(reader)? {
        return Err(Error::Crypto);
    }
    if String::decode(reader)? != "ecdsa-sha2-nistp256" || String::decode(reader)? != "nistp256" {
        return Err(Error::AlgorithmUnknown);
    }
    let public = EncodedPoint::from_bytes(Vec::<u8>::decode(reader)?).map_err(|_| Error::PublicKey)?;
    let number = Vec::<u8>::decode(reader)?;
    let zeros = SIZE.checked_sub(number.len()).ok_or(ssh_encoding::Error::Length)?;
    let mut bytes = [0; SIZE];
    bytes[zeros..].copy_from_slice(&number);
    Ok(EcdsaKeypair::NistP256 { public, private: EcdsaPrivateKey::from(bytes) })
}
