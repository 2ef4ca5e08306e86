//! Points and rectangles in pixels; the origin is a picture's top left corner, pixel i covers [i, i + 1).

/// A place in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From the left, pixels.
    pub x: f32,
    /// From the top, pixels.
    pub y: f32,
}

/// A rectangle. It may reach past the picture's edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Left edge, pixels.
    pub x: f32,
    /// Top edge, pixels.
    pub y: f32,
    /// Pixels across.
    pub width: f32,
    /// Pixels down.
    pub height: f32,
}

impl Bounds {
    /// Square pixels.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The middle.
    #[must_use]
    pub fn centre(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    /// Square pixels that both cover.
    #[must_use]
    pub fn shared_area(&self, other: &Self) -> f32 {
        let across = shared(self.x, self.width, other.x, other.width);
        across * shared(self.y, self.height, other.y, other.height)
    }

    /// Intersection over union, 0 to 1.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f32 {
        let shared = self.shared_area(other);
        shared / (self.area() + other.area() - shared).max(f32::MIN_POSITIVE)
    }
}

/// Length that two spans of a line have in common.
fn shared(start: f32, length: f32, other_start: f32, other_length: f32) -> f32 {
    ((start + length).min(other_start + other_length) - start.max(other_start)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_one_for_itself_and_zero_apart() {
        let bounds = Bounds { x: -2.0, y: 1.0, width: 4.0, height: 6.0 };
        let apart = Bounds { x: 2.0, ..bounds };
        let half = Bounds { y: 4.0, ..bounds };
        assert!((bounds.overlap(&bounds) - 1.0).abs() < 1e-6);
        assert_eq!(bounds.overlap(&apart), 0.0);
        assert!((bounds.overlap(&half) - 1.0 / 3.0).abs() < 1e-6);
    }
}
