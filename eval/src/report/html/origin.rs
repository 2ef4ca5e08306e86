//! What was run, on what: in short on top of the page, and in full at its end.

use super::{ORIGIN, append, append_row, escape};
use crate::report::Provenance;

/// Above everything: the command, the data and the models by name.
pub(super) fn append_summary(body: &mut String, provenance: &Provenance) {
    let files: Vec<_> = provenance.data.iter().map(|data| data.file.display().to_string()).collect();
    let models: Vec<_> =
        provenance.models.iter().map(|model| format!("{} {}", model.name, model.version)).collect();
    body.push_str("<dl class=\"run\">\n");
    let rows =
        [("Command", provenance.command.clone()), ("Data", listed(&files)), ("Models", listed(&models))];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        append(body, format_args!("<dt>{name}</dt><dd>{}</dd>\n", escape(value)));
    }
    body.push_str("</dl>\n");
}

/// At the end: everything that another needs to repeat the run.
pub(super) fn append_details(body: &mut String, provenance: &Provenance) {
    append(body, format_args!("<h2>{ORIGIN}</h2>\n<div class=\"wide\"><table class=\"origin\">\n<tbody>\n"));
    for (name, value) in rows(provenance) {
        append_row(body, &[name, value]);
    }
    body.push_str("</tbody>\n</table></div>\n");
}

/// A few are named; of many, some.
fn listed(names: &[String]) -> String {
    const NAMED: usize = 4;
    let rest = names.len().saturating_sub(NAMED);
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if rest > 0 { format!("{named} and {rest} more") } else { named }
}

fn rows(provenance: &Provenance) -> Vec<(String, String)> {
    let Provenance { version, command, seed, data, models, policies } = provenance;
    let row = |name: &str, value: String| (name.to_owned(), value);
    let data =
        data.iter().map(|data| row("data", format!("{}, sha256 {}", data.file.display(), data.sha256)));
    let models = models
        .iter()
        .map(|model| row(model.kind, format!("{} {}, sha256 {}", model.name, model.version, model.sha256)));
    let policies =
        policies.iter().map(|policy| row("policy", format!("{}, sha256 {}", policy.name, policy.sha256)));
    let process = [
        row("ward-eval", (*version).to_owned()),
        row("command", command.clone()),
        row("seed of random numbers", seed.to_string()),
    ];
    process.into_iter().chain(data).chain(models).chain(policies).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::PolicyIdentity;

    #[test]
    fn many_files_are_counted() {
        let names = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&names(2)), "0, 1");
        assert_eq!(listed(&names(4)), "0, 1, 2, 3");
        assert_eq!(listed(&names(6)), "0, 1, 2, 3 and 2 more");
    }

    #[test]
    fn nothing_that_is_needed_to_repeat_the_run_is_left_out() {
        let policy = PolicyIdentity { name: "over-18".to_owned(), sha256: "abc".to_owned() };
        let mut page = String::new();
        append_details(&mut page, &Provenance::new(77, Vec::new(), Vec::new(), vec![policy]));
        assert!(page.contains("<td>77</td>") && page.contains("<td>over-18, sha256 abc</td>"), "{page}");
        assert!(page.contains(env!("CARGO_PKG_VERSION")));
    }
}
