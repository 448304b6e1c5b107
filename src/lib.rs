//! relm: atomic releases for a fleet of Linux hosts, over plain ssh.
//!
//! One program on the controller; on the hosts nothing but sshd and a POSIX shell. A release is built in a directory
//! of its own on every host; when all are ready, `current` flips on all of them, or on none.
//!
//! # Code map
//!
//! | module | what it holds | may name |
//! |---|---|---|
//! | [`cli`] | the command line: parse, load, connect, survey, plan, run, exit; complaints; reports | all |
//! | [`tasks`] | what one types, a file a task: flags and the plan it makes | config, engine (plans), event, fleet, operations, release, script, secret, survey |
//! | [`operations`] | what relm can do on a host, a file each: roles, a script, its inverse | engine, fleet, release, script, secret, template, transport |
//! | [`engine`] | runs any plan: lock, survey, claim, steps over hosts, the switch, putting back, the ending | event, fleet, release, script, secret, survey, transport |
//! | [`ui`] | events in, text out: terminal, plain, JSON | event, fleet, release |
//! | [`ssh`] | everything that names russh: connections, host keys, signing in, ssh's configuration | fleet, secret, transport |
//! | [`local`] | a directory of this machine posing as a host | transport |
//! | [`notify`] | tells somebody of a run: webhook, command, letter | child, config, secret |
//! | [`config`] | `Releases.toml`, every problem at once | event, fleet, source, template |
//! | [`source`] | git, a directory or an archive, frozen into one tree | child, release, secret |
//! | [`store`] | a store that hosts fetch code from: puts, links, S3's language | nothing of ours |
//! | [`event`] | the vocabulary of a run | fleet, release, transport |
//! | [`survey`] | what stands on the hosts: types and reading; where a rollback goes | fleet, release |
//! | [`transport`] | the seam to a machine: scripts in, output and status out; the control shell over any link | fleet, script, secret |
//! | [`child`] | commands of this machine, none of which outlives relm | nothing of ours |
//! | [`template`] | pure: text with holes; files made of it | fleet |
//! | [`fleet`], [`release`], [`script`], [`secret`] | pure: hosts and roles; names, layout, manifest, records, retention; shell text as a value; what nothing may show | nothing of ours |
//!
//! `tests/it/architecture.rs` holds this table as law.
//!
//! # Glossary
//!
//! - **Environment**: a fleet with its settings; a directory on each of its hosts.
//! - **Component**: an application of an environment with releases of its own, on some of its hosts; an environment's
//!   directory below it, of the same shape. **Scope**: an environment, or a component of it.
//! - **Fleet**: the hosts of an environment, in the order of the file. **Role**: what a host is for.
//! - **Release**: one built tree, named after the second it was asked for. **Live**: what `current` points to.
//! - **Operation**: one thing done on hosts: roles and a script. **Step**: an operation at its place in a plan.
//! - **Task**: what one types; it makes a plan of operations and never calls a task.
//! - **Phase**: `check` reads, `prepare` changes nothing live, the *switch* (`before_flip`, the flip, `after_flip`) is for
//!   all hosts or none, `finish` comes when all have switched.
//! - **Base**: the release on a host that a new one's unchanged files are copied from. **Parcel**: what is sent to a host.
//! - **Seal**: what a host writes down of a release's tree when a step has ended: whose each path is, and how it stood.
//! - **Survey**: what was seen on the hosts before a plan is made. **Ending**: in what state a run leaves the fleet.
//! - **Journal**: what a host has written down of a release's steps, by the hash of each step's **definition**. *Resume*
//!   goes by it.
//! - **Lock**: the right to change an environment, held on each host by a process, its **keeper**. **Fence**: what stands
//!   around a script that changes something and stops it when its run has lost the lock. **Holder**: whose run it is.
//! - **Job**: a command that goes on in a session of its own when relm is gone. It holds no lock.
//! - **Secret**: a value that nothing can show. **Mask**: what takes secrets out of what steps say. **Become**: to work on a
//!   host as another user than the login.
//! - **Link**: byte channels to a machine. **Transport**: a machine that runs scripts.
//!
//! # Invariants, as things that are absent
//!
//! - No operation, and no task, reaches a host by itself: they return values, and only `engine` runs them.
//! - Nothing but `script::quote` quotes, and nothing known only at run time is program text.
//! - No host enters the switch before every host has finished `prepare`.
//! - `current` changes in one place, `operations/flip_current.sh`, by one `rename(2)`; deploy, rollback and putting back
//!   share it.
//! - Nothing is deleted on a host with a record that cannot be read.
//! - No ending is computed from what relm believes: the hosts are asked again.
//! - No file says "locked" after its run has gone: a lock is a living process, and a script that has lost it does nothing.
//! - Nothing that runs under the lock and reads no input ends because a connection does: only relm ends it, or the keeper
//!   when relm is gone. What reads from relm is begun anew; what stands behind it in the same journey is gone on with.
//! - Nothing shows a secret: it has no `Display`, no JSON and an empty `Debug`; plans and definitions hold its name, and
//!   only `operations` and `transport` put its value into what is sent to a host's standard input, and `notify`
//!   into what it sends.
//! - `ui` never reaches a host, operations never print, only `cli` reads the environment or exits.
//!
//! # Where the design grew
//!
//! - An operation is a value, not an async function: [`engine::Operation::work`] returns the script for a host, and the
//!   engine runs it. So plans can be shown and tested whole, and adjacent steps share a round trip.
//! - The lock is taken before the survey, so that nothing changes between what was seen and what is done.
//! - A name is chosen by the survey, under the lock, and claimed on each host in the script of its first step: a round
//!   trip for the claim alone would cost as much as the flip. Whoever finds it taken all the same makes the run fail.
//! - Steps of relm's own that stand beside each other on a host share a script, with marks between them
//!   ([`engine::Operation::joins`]): each keeps its events, its line in the journal and its failure. One of them may read
//!   a stream. A fleet of one has nobody to wait for, and goes from the upload to the last look in one journey.
//! - What one host gives to others goes by way of this machine: [`engine::Gives`] is two scripts, one that tells of it and one
//!   whose standard output it is, which `transport` hands on as bytes and keeps in a file without a name.
//! - A host that has told what stands there has nothing to do until relm has read it, so it copies the live release meanwhile:
//!   `operations/copy_ahead.sh` stands behind the survey in the same script, and what sends the code takes the copy over by a
//!   rename, or leaves it. It is no release: it goes with the lock. It also reads what it has copied, and the check of the
//!   upload reads only what has been touched since, by the ctime that nobody can set.
//! - The texts that a host alone will be told are sent while relm waits for the survey: `transport` packs a script that reads
//!   a stream in pieces, and the first piece is what the rest will probably repeat.
//! - The lock and the survey share a script, and so do a host's last steps, the last look and the giving back of the lock.
//! - `event` names `transport` for the two streams of a command, and `config` names `source` and `event` for the kinds of
//!   source and the phases, rather than keeping words of their own for the same things. `template` names `fleet` for the
//!   hosts that a file is for: the table of `Releases.toml` and the step that writes it are one type. `tasks` names `event` for the
//!   phases too, and `script` to quote the words of `relm run`.

pub mod child;
pub mod cli;
pub mod config;
pub mod engine;
pub mod event;
pub mod fleet;
pub mod local;
pub mod notify;
pub mod operations;
pub mod release;
pub mod script;
pub mod secret;
pub mod source;
pub mod ssh;
pub mod store;
pub mod survey;
pub mod tasks;
pub mod template;
#[cfg(test)]
mod tests;
pub mod transport;
pub mod ui;
