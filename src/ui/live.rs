//! What is live now, from the fresh look that ends a run. Every host of the fleet is named.

use super::board::{Board, End};
use super::{Line, style, text};
use crate::event::Ending;
use crate::fleet::HostName;
use crate::release::ReleaseName;

type Group<'a> = (Option<&'a ReleaseName>, Vec<&'a HostName>);

/// Says which hosts serve what. `width` is what a line may take.
pub(super) fn lines(board: &Board, end: &End, width: usize) -> Vec<Line> {
    let fleet = board.fleet();
    let is_read = |host: &&HostName| end.hosts.contains_key(*host) && !end.unread.contains(host);
    let (read, unread): (Vec<&HostName>, Vec<&HostName>) = fleet.into_iter().partition(is_read);
    let before = before(end);
    let mut lines = match groups(&read, end).as_slice() {
        [] if before.is_empty() || !unread.is_empty() => vec![format!("{before}no host could be read").into()],
        [] => vec![before.trim_end_matches(": ").into()],
        [(release, hosts)] if unread.is_empty() => all(before, *release, hosts, width),
        groups => some(before, groups, new(board), width),
    };
    if !unread.is_empty() {
        lines.extend(wrap(&format!("{} could not be read", text::list(unread)), width));
    }
    lines
}

fn before(end: &End) -> &'static str {
    match end.ending {
        // What could not be taken back has changed something.
        Ending::NothingChanged | Ending::PutBack if end.exit_code == 1 && end.reason.is_some() => "",
        Ending::NothingChanged | Ending::Paused => "nothing changed: ",
        Ending::PutBack => "as before: ",
        Ending::LiveButUnfinished => "switched: ",
        Ending::Succeeded | Ending::Mixed | Ending::Interrupted => "",
    }
}

/// Where hosts differ, nobody should have to compare dates at night to see which release is the new one.
fn new(board: &Board) -> Option<&ReleaseName> {
    board.release.as_ref().filter(|_| board.task == "deploy")
}

/// Hosts by what they serve, in the order of the fleet.
fn groups<'a>(hosts: &[&'a HostName], end: &'a End) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for host in hosts {
        let release = end.hosts.get(*host).and_then(Option::as_ref);
        match groups.iter_mut().find(|(known, _)| *known == release) {
            Some((_, hosts)) => hosts.push(host),
            None => groups.push((release, vec![host])),
        }
    }
    groups
}

fn all(before: &str, release: Option<&ReleaseName>, hosts: &[&HostName], width: usize) -> Vec<Line> {
    let first = match (release, hosts) {
        (Some(release), [host]) => return vec![format!("{before}{host} serves {release}").into()],
        (Some(release), _) => format!("{before}all {} serve {release}", text::count(hosts.len(), "host")),
        (None, _) => format!("{before}nothing is live yet"),
    };
    let names = wrap(&text::list(hosts), width);
    let dim = |line: Line| Line::new().styled(style::DIM, line.render(false));
    std::iter::once(first.into()).chain(names.into_iter().map(dim)).collect()
}

fn some(before: &str, groups: &[Group<'_>], new: Option<&ReleaseName>, width: usize) -> Vec<Line> {
    let parts: Vec<String> = groups.iter().map(|group| serve(group, new)).collect();
    let one = format!("{before}{}", parts.join("; "));
    if Line::from(&one).width() <= width {
        return vec![one.into()];
    }
    let before = (!before.is_empty()).then(|| Line::from(before.trim_end()));
    before.into_iter().chain(parts.iter().flat_map(|part| wrap(part, width))).collect()
}

fn serve((release, hosts): &Group<'_>, new: Option<&ReleaseName>) -> String {
    let verb = if hosts.len() == 1 { "serves" } else { "serve" };
    let mark = if release.is_some() && *release == new { " (new)" } else { "" };
    let release = release.map_or("nothing", ReleaseName::as_str);
    format!("{} {verb} {release}{mark}", text::list(hosts))
}

/// Breaks text between words. A word that is longer than a line stays whole: names are copied and pasted.
pub(super) fn wrap(text: &str, width: usize) -> Vec<Line> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if Line::from(&*line).width() + 1 + Line::from(word).width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.into_iter().map(Line::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words() {
        let texts = |width| {
            wrap("web1, web2, a-very-long-name, db1", width).iter().map(|line| line.render(false)).collect::<Vec<_>>()
        };
        assert_eq!(texts(12), ["web1, web2,", "a-very-long-name,", "db1"]);
        assert_eq!(texts(100), ["web1, web2, a-very-long-name, db1"]);
    }
}
