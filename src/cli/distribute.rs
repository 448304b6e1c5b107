//! Code by way of a store: what many hosts lack is put there once, and taken away again when the run has ended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use super::change::Change;
use super::code::Code;
use super::{out, screen};
use crate::config::Distribution;
use crate::engine::{Machine, Makes, Plan, Step};
use crate::operations::{Fetch, Parcel};
use crate::store::{Access, Place, Store};
use crate::transport::LazyFile;

/// Bytes from which on an archive goes by way of the store: a smaller one is sent sooner than a host has logged in there.
const WORTH: u64 = 1 << 20;

/// What was put into a store for one run. Names hold the environment's, which is locked: nobody else fetches it.
struct Stored {
    store: Arc<Store>,
    names: Vec<String>,
}

impl Change<'_> {
    /// Carries out a plan that brings `code`, if any: by way of the store where the file names one and it is of use.
    pub(super) async fn carry_out_bringing(&self, code: Option<&Code>, plan: &mut Plan, machines: &[Machine]) -> u8 {
        let mut stored = None;
        if let Some((code, rules)) = code.zip(self.env.distribution.as_ref()) {
            let _doing = screen::doing(&format!("putting the code into s3://{} …", rules.bucket), self.common);
            match self.store(rules) {
                Ok(store) => stored = Some(self.distribute(code, Arc::new(store), rules.min_hosts, plan).await),
                Err(reason) => plan.notes.push(unusable(&reason)),
            }
        }
        let exit_code = self.carry_out(plan, machines).await;
        if let Some(stored) = stored {
            stored.clear().await;
        }
        exit_code
    }

    fn store(&self, rules: &Distribution) -> Result<Store, String> {
        let said = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let (Some(key), Some(secret)) = (said("AWS_ACCESS_KEY_ID"), said("AWS_SECRET_ACCESS_KEY")) else {
            return Err("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set".to_owned());
        };
        let access = Access { key, secret, token: said("AWS_SESSION_TOKEN") };
        let region = rules.region.clone().or_else(|| said("AWS_REGION")).or_else(|| said("AWS_DEFAULT_REGION"));
        let place = Place {
            bucket: rules.bucket.clone(),
            prefix: format!("{}{}/{}/", rules.prefix, self.env.app, self.env.name),
            endpoint: rules.endpoint.clone(),
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        };
        Store::new(&place, access).map_err(|error| error.to_string())
    }

    /// Puts what enough hosts lack into the store and gives them links. What goes wrong there is noted, and sent then.
    async fn distribute(&self, code: &Code, store: Arc<Store>, min_hosts: usize, plan: &mut Plan) -> Stored {
        let mut wanted = wanted(code, plan);
        wanted.retain(|hosts| hosts.len() >= min_hosts);
        let mut stored = Stored { store: Arc::clone(&store), names: Vec::new() };
        // A thread that sends a file hears by this that nobody waits for it any more.
        let waiting = Arc::new(());
        let archives = wanted.iter().map(|hosts| async move {
            let parcel = hosts[0];
            let size = parcel.lacking.make().await.unwrap_or(0);
            // Whoever sends it hears why it cannot be made.
            if size < WORTH { None } else { named(parcel).await.ok().map(|name| (hosts, name)) }
        });
        let archives: Vec<_> = join_all(archives).await.into_iter().flatten().collect();
        stored.names.extend(archives.iter().map(|(_, (_, name))| name.clone()));
        let puts = archives.iter().map(|(hosts, (_, name))| {
            let (store, name, waits) = (Arc::clone(&store), name.clone(), Arc::downgrade(&waiting));
            async move {
                let (file, _) = hosts[0].lacking.open().await?;
                let put = spawn_blocking(move || store.put(&name, &file, waits)).await;
                put.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
        });
        let put = tokio::select! {
            put = join_all(puts) => put,
            () = self.stopped() => return stored,
        };
        for ((hosts, (sum, name)), put) in archives.into_iter().zip(put) {
            if let Err(reason) = put {
                stored.names.retain(|other| *other != name);
                plan.notes.push(unusable(&reason));
                continue;
            }
            for parcel in hosts {
                let (store, name, sum) = (Arc::clone(&store), name.clone(), sum.clone());
                let _ = parcel.fetch.set(Fetch { sum, link: Arc::new(move || store.link(&name)) });
            }
        }
        stored
    }
}

fn unusable(reason: &str) -> String {
    format!("the store cannot be used: {reason}; the code is sent to each host")
}

/// The parcels of hosts that the plan brings code to, those with the same archive together.
fn wanted<'c>(code: &'c Code, plan: &Plan) -> Vec<Vec<&'c Parcel>> {
    let hosts = plan.steps.iter().filter(|step| step.name() == Makes::CODE_STEP).flat_map(Step::left);
    let mut groups: BTreeMap<*const LazyFile, Vec<&Parcel>> = BTreeMap::new();
    for parcel in hosts.filter_map(|host| code.payload.parcels.get(host)) {
        groups.entry(Arc::as_ptr(&parcel.lacking)).or_default().push(parcel);
    }
    groups.into_values().collect()
}

/// The hash of what a parcel's hosts lack, and its name in the store.
async fn named(parcel: &Parcel) -> Result<(String, String), String> {
    let (file, _) = parcel.lacking.open().await?;
    let sum = spawn_blocking(move || sum(&file)).await.map_err(|error| error.to_string())?;
    let sum = sum.map_err(|error| error.to_string())?;
    let name = format!("{sum}.tar.{}", parcel.unpack);
    Ok((sum, name))
}

fn sum(file: &File) -> io::Result<String> {
    let (mut hash, mut chunk, mut at) = (Sha256::new(), vec![0; 64 << 10], 0);
    loop {
        let count = file.read_at(&mut chunk, at)?;
        if count == 0 {
            break;
        }
        hash.update(&chunk[..count]);
        at += count as u64;
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

impl Stored {
    /// Takes everything away again.
    async fn clear(self) {
        let removed = self.names.into_iter().map(|name| {
            let store = Arc::clone(&self.store);
            spawn_blocking(move || store.remove(&name).map_err(|error| format!("{name} stays in the store: {error}")))
        });
        for trouble in join_all(removed).await.into_iter().filter_map(|removed| removed.ok()?.err()) {
            out::note(format!("note: {trouble}\n"));
        }
    }
}
