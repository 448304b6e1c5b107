//! Short ways of writing, spread to the tables that they stand for.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// `manage = "…"` above all, of environments and of components: a table with nothing but `run`.
pub(super) fn spread(file: &mut DeTable<'_>) {
    scope(file);
    for env in tables(file, "env") {
        scope(env);
    }
}

fn scope(table: &mut DeTable<'_>) {
    manage(table);
    tables(table, "components").into_iter().for_each(manage);
}

fn manage(table: &mut DeTable<'_>) {
    let Some(command) = table.get_mut("manage").filter(|manage| manage.get_ref().is_str()) else { return };
    let span = command.span();
    let run = std::mem::replace(command, Spanned::new(span.clone(), DeValue::Table(DeTable::new())));
    if let DeValue::Table(table) = command.get_mut() {
        table.insert(Spanned::new(span, "run".into()), run);
    }
}

/// The tables below a key.
fn tables<'f, 't>(file: &'f mut DeTable<'t>, key: &str) -> Vec<&'f mut DeTable<'t>> {
    let Some(DeValue::Table(all)) = file.get_mut(key).map(Spanned::get_mut) else { return Vec::new() };
    let table = |value: &'f mut Spanned<DeValue<'t>>| {
        if let DeValue::Table(table) = value.get_mut() { Some(table) } else { None }
    };
    all.iter_mut().filter_map(|(_, value)| table(value)).collect()
}
