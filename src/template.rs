//! Text with holes: `{{ name }}` as in Jinja. Strict: a name that nobody gives a value is a mistake, found before any
//! host is touched. And the files that are made of it.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

use crate::fleet::{Become, Targets};

/// A template whose syntax and names have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// For messages.
    name: String,
    text: String,
}

/// A file that is filled in for each host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledFile {
    /// Inside the release; outside of it if it begins with `/` or `~/`.
    pub dest: String,
    /// What it says.
    pub template: Wording,
    /// Permissions, in octal digits.
    pub mode: String,
    /// `OWNER:GROUP` for `chown`, either of which may be left out; empty if nothing is said of both.
    pub owner: String,
    /// Which hosts get it.
    pub targets: Targets,
    /// Text for `sh` that looks at it, at the path in `$RELM_FILE`.
    pub check: Option<String>,
    /// The secrets it may use, by name.
    pub secrets: Vec<String>,
    /// Who looks at it and takes it to its place outside of the release, if not whoever does all else.
    pub becoming: Option<Become>,
}

/// Where a file's text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wording {
    /// A file beside `Releases.toml`.
    Beside(Template),
    /// A file of the release.
    OfRelease {
        /// Its path there.
        path: String,
        /// The names it may use.
        known: Vec<String>,
        /// Its text, once the source has been read.
        template: Option<Template>,
    },
}

impl FilledFile {
    /// The path of its text in the release, as long as that has not been read.
    pub fn lacks(&self) -> Option<&str> {
        match &self.template {
            Wording::OfRelease { path, template: None, .. } => Some(path),
            _ => None,
        }
    }

    /// The same with the text that stands in the release; or why that is no template.
    pub fn reading(&self, text: &str) -> Result<Self, String> {
        let Wording::OfRelease { path, known, .. } = &self.template else { return Ok(self.clone()) };
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let template = Template::new(path, text, &names).map_err(|flaw| match flaw {
            Flaw::Broken(words) => words,
            Flaw::Unknown(name) => format!("it uses {name:?}, which has no value"),
        })?;
        let (path, known, template) = (path.clone(), known.clone(), Some(template));
        Ok(Self { template: Wording::OfRelease { path, known, template }, ..self.clone() })
    }

    /// Fills it in.
    pub fn render(&self, values: &Values) -> Result<String, String> {
        let (Wording::Beside(template) | Wording::OfRelease { template: Some(template), .. }) = &self.template else {
            return Err("the source has not been read in this run".to_owned());
        };
        template.render(values)
    }

    /// Whether it lies outside of the release.
    pub fn is_outside(&self) -> bool {
        self.dest.starts_with(['/', '~'])
    }
}

/// The values of a template's names: texts, and lists of them.
#[derive(Clone, Default)]
pub struct Values(BTreeMap<String, Value>);

/// Their names and nothing else: there may be secrets among them.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Values {
    /// All of them as text, for what has none of a secret among them.
    pub fn words(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name} = {value}\n")).collect()
    }

    /// Gives `name` a text.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.insert(name.into(), Value::from(text.into()));
        self
    }

    /// Gives `name` a list of texts: `{% if "web" in roles %}`.
    #[must_use]
    pub fn list<T: Into<String>>(mut self, name: &'static str, texts: impl IntoIterator<Item = T>) -> Self {
        let texts: Vec<Value> = texts.into_iter().map(|text| Value::from(text.into())).collect();
        self.0.insert(name.to_owned(), Value::from(texts));
        self
    }
}

/// Why a text is no template, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Its syntax is wrong, or it cannot be filled in.
    Broken(String),
    /// It uses a name that nobody knows.
    Unknown(String),
}

impl Template {
    /// Takes a text that uses no other names than `known`.
    pub fn new(name: &str, text: &str, known: &[&str]) -> Result<Self, Flaw> {
        let environment = environment();
        let template = environment.template_from_named_str(name, text).map_err(|error| Flaw::Broken(words(&error)))?;
        let mut used: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        used.sort();
        match used.into_iter().find(|used| !known.contains(&used.as_str())) {
            Some(unknown) => Err(Flaw::Unknown(unknown)),
            None => Ok(Self { name: name.to_owned(), text: text.to_owned() }),
        }
    }

    /// Fills it in.
    pub fn render(&self, values: &Values) -> Result<String, String> {
        fill(&self.name, &self.text, values)
    }
}

/// Fills in a text that has been checked; `name` is for messages.
pub fn fill(name: &str, text: &str, values: &Values) -> Result<String, String> {
    let filled = environment().render_named_str(name, text, Value::from(values.0.clone()));
    filled.map_err(|error| words(&error))
}

/// What programs read is no HTML, whatever the file is called. A file's last newline stays, and a line that is only
/// `{% … %}` leaves none.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build().expect("the usual delimiters"));
    environment
}

fn words(error: &Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    match error.detail() {
        Some(detail) => format!("{line}{}: {detail}", error.kind()),
        None => format!("{line}{}", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["host", "roles"];

    fn filled(text: &str) -> Result<String, String> {
        let values = Values::default().text("host", "web<1>").list("roles", ["web", "app"]);
        Template::new("x.html", text, KNOWN).expect("a template").render(&values)
    }

    #[test]
    fn values_stand_where_their_names_were() {
        assert_eq!(
            filled("a {{ host }}\n{% if 'web' in roles %}\nweb\n{% endif %}\n"),
            Ok("a web<1>\nweb\n".to_owned())
        );
        assert_eq!(filled("{% for role in roles %}{{ role }} {% endfor %}"), Ok("web app ".to_owned()));
        assert_eq!(filled("command=%(ENV_HOME)s/x $y `z`"), Ok("command=%(ENV_HOME)s/x $y `z`".to_owned()));
    }

    #[test]
    fn mistakes_are_found_before_anything_is_filled_in() {
        assert_eq!(Template::new("x", "{{ hots }}", KNOWN), Err(Flaw::Unknown("hots".to_owned())));
        assert_eq!(
            Template::new("x", "{% if false %}{{ hots }}{% endif %}", KNOWN),
            Err(Flaw::Unknown("hots".to_owned()))
        );
        let Err(Flaw::Broken(words)) = Template::new("x", "a\n{{ host", KNOWN) else { panic!("this is no template") };
        assert!(words.starts_with("line 2: syntax error"), "{words}");
        assert!(filled("{{ host.port }}").is_err());
        assert!(filled("{{ host | sha9 }}").is_err());
    }
}
