//! What can be drawn: curves, points and intervals between two axes, and a forest of intervals by name.
//!
//! Who asks for a plot says what is in it; colours, sizes and ticks are chosen here.

mod bounds;
mod draw;
mod forest;
mod layers;
mod look;
mod palette;
mod ruler;
mod ticks;

use anyhow::Result;

use crate::metrics::Range;

pub(crate) use draw::Drawing;
pub(crate) use look::Entry;

/// Something drawn under a heading of the page.
#[derive(Debug, Clone)]
pub(crate) enum Figure {
    /// Layers between two axes.
    Plot(Plot),
    /// Intervals by name.
    Forest(Forest),
}

/// Layers between two axes, the first at the back.
#[derive(Debug, Clone)]
pub(crate) struct Plot {
    /// What is drawn, and of what.
    pub(crate) title: String,
    /// How to read it, in one or two sentences.
    pub(crate) caption: String,
    /// Across.
    pub(crate) x: Axis,
    /// Upwards.
    pub(crate) y: Axis,
    /// What is drawn. A legend appears when more than one layer has a name.
    pub(crate) layers: Vec<Layer>,
}

/// Values with intervals by name, one under the other.
#[derive(Debug, Clone)]
pub(crate) struct Forest {
    /// What is drawn, and of what.
    pub(crate) title: String,
    /// How to read it, in one or two sentences.
    pub(crate) caption: String,
    /// Across.
    pub(crate) x: Axis,
    /// From the top.
    pub(crate) rows: Vec<ForestRow>,
    /// A value to compare with, such as that of all rows together: a dashed line.
    pub(crate) reference: Option<f64>,
}

/// One name of a forest.
#[derive(Debug, Clone)]
pub(crate) struct ForestRow {
    /// Of the group.
    pub(crate) name: String,
    /// None, where there is too little to tell: "insufficient" is written.
    pub(crate) value: Option<f64>,
    /// Of the value.
    pub(crate) interval: Option<Range>,
}

/// A direction of a plot.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// What the numbers are, with their unit unless it is percent.
    pub(crate) label: String,
    /// How numbers become places.
    pub(crate) scale: Scale,
    /// Both ends; from the data where there are none.
    pub(crate) bounds: Option<Range>,
    /// How numbers are written.
    pub(crate) unit: Unit,
}

/// How numbers become places on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal ratios are equally far apart. What is not above 0 is drawn at the lower end.
    Log10,
}

/// How the numbers of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// As they are.
    Number,
    /// 0.1 is written as 10 %.
    Percent,
}

/// One thing in a plot. An empty name keeps it out of the legend.
#[derive(Debug, Clone)]
pub(crate) enum Layer {
    /// Straight from point to point.
    Line {
        /// In the legend.
        name: String,
        /// In the order in which they are joined.
        points: Vec<(f64, f64)>,
    },
    /// Level from each point to the next, then straight up or down.
    Steps {
        /// In the legend.
        name: String,
        /// By rising x.
        points: Vec<(f64, f64)>,
    },
    /// A scatter.
    Points {
        /// In the legend.
        name: String,
        /// In any order.
        points: Vec<(f64, f64)>,
    },
    /// Filled between the ends of intervals.
    Band {
        /// In the legend.
        name: String,
        /// By rising x: where, and between which values.
        points: Vec<(f64, Range)>,
    },
    /// Values with whiskers.
    Errors {
        /// In the legend.
        name: String,
        /// Where, the value, and the value's interval.
        points: Vec<(f64, f64, Range)>,
    },
    /// A dashed guide where both axes show the same number.
    Diagonal {
        /// In the legend.
        name: String,
    },
    /// A dashed guide across.
    Horizontal {
        /// In the legend.
        name: String,
        /// Where.
        y: f64,
    },
}

impl Axis {
    /// Of plain numbers, linear, with ends from the data.
    pub(crate) fn number(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Linear, bounds: None, unit: Unit::Number }
    }

    /// Of shares, 0 to 1, written as 0 to 100 %; linear, with ends from the data.
    pub(crate) fn percent(label: impl Into<String>) -> Self {
        Self { unit: Unit::Percent, ..Self::number(label) }
    }

    /// With these ends.
    pub(crate) fn between(self, low: f64, high: f64) -> Self {
        Self { bounds: Some(Range { low, high }), ..self }
    }
}

impl Figure {
    /// What is drawn, and of what.
    pub(crate) fn title(&self) -> &str {
        match self {
            Self::Plot(plot) => &plot.title,
            Self::Forest(forest) => &forest.title,
        }
    }

    /// How to read it.
    pub(crate) fn caption(&self) -> &str {
        match self {
            Self::Plot(plot) => &plot.caption,
            Self::Forest(forest) => &forest.caption,
        }
    }

    /// The names to be told apart.
    pub(crate) fn legend(&self) -> Vec<Entry> {
        match self {
            Self::Plot(plot) => look::legend(&plot.layers),
            Self::Forest(_) => Vec::new(),
        }
    }

    /// As SVG; None, where there are no data.
    ///
    /// # Errors
    /// When the plotting crate fails, which is a mistake of ours.
    pub(crate) fn draw(&self) -> Result<Option<Drawing>> {
        match self {
            Self::Plot(plot) => draw::draw(plot),
            Self::Forest(forest) => forest::draw(forest),
        }
    }
}

impl Layer {
    fn name(&self) -> &str {
        match self {
            Self::Line { name, .. }
            | Self::Steps { name, .. }
            | Self::Points { name, .. }
            | Self::Band { name, .. }
            | Self::Errors { name, .. }
            | Self::Diagonal { name }
            | Self::Horizontal { name, .. } => name,
        }
    }

    /// Whether it is a line to compare with, and no data.
    fn is_guide(&self) -> bool {
        matches!(self, Self::Diagonal { .. } | Self::Horizontal { .. })
    }

    /// The places that the axes must reach. One that is not a number asks for nothing of its axis.
    fn corners(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Line { points, .. } | Self::Steps { points, .. } | Self::Points { points, .. } => {
                points.clone()
            }
            Self::Band { points, .. } => {
                points.iter().flat_map(|&(x, Range { low, high })| [(x, low), (x, high)]).collect()
            }
            Self::Errors { points, .. } => points
                .iter()
                .flat_map(|&(x, value, Range { low, high })| [(x, low), (x, value), (x, high)])
                .collect(),
            Self::Diagonal { .. } => Vec::new(),
            Self::Horizontal { y, .. } => vec![(f64::NAN, *y)],
        }
    }
}
