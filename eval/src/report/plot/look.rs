//! What tells the layers of a plot apart, and the legend that says so.

use plotters::style::RGBColor;

use super::Layer;
use super::palette::{CURVE, GUIDE, GUIDES, SERIES, hex};

/// How one layer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Of all of it.
    pub(super) colour: RGBColor,
    /// Which shape its points have.
    pub(super) marker: Marker,
}

/// The shape of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// A disc.
    Disc,
    /// A triangle.
    Triangle,
    /// A cross.
    Cross,
}

const MARKERS: [Marker; 3] = [Marker::Disc, Marker::Triangle, Marker::Cross];

/// A name in the legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Of the layer.
    pub(crate) name: String,
    /// The inside of an SVG of 48 by 24, which looks as the layer does.
    pub(crate) swatch: String,
}

/// Of the first kind.
pub(super) const FIRST: Look = Look { colour: SERIES[0], marker: Marker::Disc };

/// One for each layer. Layers of one name look the same, and one without a name as the named one before it: so a curve
/// and the band around it belong together.
pub(super) fn looks(layers: &[Layer]) -> Vec<Look> {
    let (mut names, mut guides, mut latest) = (Vec::new(), 0, 0);
    let mut looks = Vec::with_capacity(layers.len());
    for layer in layers {
        if layer.is_guide() {
            looks.push(Look { colour: GUIDES[guides % GUIDES.len()], marker: Marker::Disc });
            guides += 1;
            continue;
        }
        if !layer.name().is_empty() {
            latest = names.iter().position(|&name| name == layer.name()).unwrap_or(names.len());
            if latest == names.len() {
                names.push(layer.name());
            }
        }
        looks.push(Look { colour: SERIES[latest % SERIES.len()], marker: MARKERS[latest % MARKERS.len()] });
    }
    looks
}

/// The names to be told apart; none, where there is but one. A name of several layers has the swatch of the foremost.
pub(super) fn legend(layers: &[Layer]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (layer, look) in layers.iter().zip(looks(layers)).filter(|(layer, _)| !layer.name().is_empty()) {
        let (name, swatch) = (layer.name(), swatch(layer, look));
        match entries.iter_mut().find(|entry| entry.name == name) {
            Some(entry) => entry.swatch = swatch,
            None => entries.push(Entry { name: name.to_owned(), swatch }),
        }
    }
    if entries.len() > 1 { entries } else { Vec::new() }
}

fn swatch(layer: &Layer, look: Look) -> String {
    let colour = hex(look.colour);
    let stroke = |path: &str, width: u32| {
        format!("<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>")
    };
    let fill =
        |path: &str, opacity: f64| format!("<path d=\"{path}\" fill=\"{colour}\" opacity=\"{opacity}\"/>");
    match layer {
        Layer::Line { .. } | Layer::Steps { .. } => stroke("M0 12H48", CURVE),
        Layer::Diagonal { .. } | Layer::Horizontal { .. } => stroke("M0 12H48", GUIDE),
        Layer::Band { .. } => fill("M4 2H44V22H4Z", 0.2),
        Layer::Points { .. } | Layer::Errors { .. } => match look.marker {
            Marker::Disc => fill("M14 12a10 10 0 1 0 20 0a10 10 0 1 0 -20 0", 1.0),
            Marker::Triangle => fill("M24 1L35 21H13Z", 1.0),
            Marker::Cross => stroke("M15 3L33 21M15 21L33 3", GUIDE),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> Layer {
        Layer::Line { name: name.to_owned(), points: Vec::new() }
    }

    fn band(name: &str) -> Layer {
        Layer::Band { name: name.to_owned(), points: Vec::new() }
    }

    #[test]
    fn a_band_belongs_to_its_curve() {
        let looks = looks(&[band(""), line("a"), line("b"), band(""), band("a")]);
        let colours: Vec<_> = looks.iter().map(|look| look.colour).collect();
        assert_eq!(colours, [SERIES[0], SERIES[0], SERIES[1], SERIES[1], SERIES[0]]);
    }

    #[test]
    fn guides_have_colours_of_their_own() {
        let layers = [
            Layer::Diagonal { name: String::new() },
            line("a"),
            Layer::Horizontal { name: "x".to_owned(), y: 1.0 },
        ];
        let colours: Vec<_> = looks(&layers).iter().map(|look| look.colour).collect();
        assert_eq!(colours, [GUIDES[0], SERIES[0], GUIDES[1]]);
    }

    #[test]
    fn a_legend_tells_at_least_two_names_apart() {
        assert!(legend(&[line("a"), band(""), band("a")]).is_empty());
        let names = |layers: &[Layer]| legend(layers).into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names(&[line("a"), band(""), line("b"), band("a")]), ["a", "b"]);
        let of_a_curve = &legend(&[line("a"), line("b")])[0];
        assert_eq!(&legend(&[band("a"), line("a"), line("b")])[0], of_a_curve);
    }
}
