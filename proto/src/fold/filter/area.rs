//! Parts of the earth's surface, and whether a position with its radius lies in one.
//!
//! Distances are those on a sphere. On the ellipsoid they differ by less than [`MARGIN`]: by so much the answer
//! *possible* is widened and *certain* narrowed, so that neither says more than is true.

use crate::limits::{MAX_LATITUDE, MAX_LONGITUDE, MAX_RADIUS_M};
use crate::pb;
use crate::refusal::{Reason, Refusal};

use super::Overlap;

/// Mean radius of the earth in metres.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Bound of the error of a distance on the sphere, as a share of it.
const MARGIN: f64 = 0.006;
/// Units of a coordinate in one degree.
const UNITS: f64 = 1e7;

/// A part of the earth's surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// What lies within a distance of a point.
    Circle(Circle),
    /// What lies between two parallels and two meridians.
    Box(GeoBox),
}

/// What lies within a distance of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Latitude in 1e-7 degree, −900,000,000 to 900,000,000.
    pub latitude: i32,
    /// Longitude in 1e-7 degree, −1,800,000,000 to 1,800,000,000.
    pub longitude: i32,
    /// Distance in metres, at most 20,100,000.
    pub radius_m: u32,
}

/// What lies between two parallels and two meridians, borders included. Coordinates in 1e-7 degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeoBox {
    /// Southern latitude.
    pub south: i32,
    /// Western longitude.
    pub west: i32,
    /// Northern latitude, at least the southern one.
    pub north: i32,
    /// Eastern longitude; less than the western one if the box holds a part of the 180th meridian.
    pub east: i32,
}

impl Area {
    /// Reads an area from a request.
    ///
    /// # Errors
    /// [`Refusal`] with the field that is missing or outside its range.
    pub fn parse(area: &pb::Area) -> Result<Self, Refusal> {
        match &area.shape {
            None => Err(Refusal::new(Reason::FieldRequired, "shape")),
            Some(pb::area::Shape::Circle(circle)) => {
                Circle::new(circle.latitude, circle.longitude, circle.radius_m)
                    .map(Self::Circle)
                    .map_err(|refusal| refusal.below("circle"))
            }
            Some(pb::area::Shape::Box(sides)) => {
                GeoBox::new(sides.south, sides.west, sides.north, sides.east)
                    .map(Self::Box)
                    .map_err(|refusal| refusal.below("box"))
            }
        }
    }

    /// Tells whether what lies somewhere in `position` lies in this area.
    #[must_use]
    pub fn holds(&self, position: &Circle, overlap: Overlap) -> bool {
        match (self, overlap) {
            (Self::Circle(circle), Overlap::Possible) => {
                let reach = f64::from(circle.radius_m) + f64::from(position.radius_m);
                distance_m(circle, position) * (1.0 - MARGIN) <= reach
            }
            (Self::Circle(circle), Overlap::Certain) => {
                let farthest =
                    distance_m(circle, position) * (1.0 + MARGIN) + f64::from(position.radius_m);
                farthest <= f64::from(circle.radius_m)
            }
            (Self::Box(sides), Overlap::Possible) => {
                sides.distance_m(position) * (1.0 - MARGIN) <= f64::from(position.radius_m)
            }
            (Self::Box(sides), Overlap::Certain) => position
                .bounds()
                .is_some_and(|bounds| sides.covers(&bounds)),
        }
    }

    /// A box that holds the area; absent when there is none that leaves out the poles and the 180th meridian.
    #[must_use]
    pub fn bounds(&self) -> Option<GeoBox> {
        match self {
            Self::Circle(circle) => circle.bounds(),
            Self::Box(sides) => (sides.west <= sides.east).then_some(*sides),
        }
    }
}

impl Circle {
    /// Makes a circle.
    ///
    /// # Errors
    /// [`Refusal`] with the field that is outside its range.
    pub fn new(latitude: i32, longitude: i32, radius_m: u32) -> Result<Self, Refusal> {
        in_range(latitude, MAX_LATITUDE, "latitude")?;
        in_range(longitude, MAX_LONGITUDE, "longitude")?;
        if !(1..=MAX_RADIUS_M).contains(&(radius_m as usize)) {
            return Err(Refusal::new(Reason::OutOfRange, "radius_m")
                .with("min", 1)
                .with("max", MAX_RADIUS_M)
                .with("found", radius_m));
        }
        Ok(Self {
            latitude,
            longitude,
            radius_m,
        })
    }

    /// The circle of uncertainty of a position.
    #[must_use]
    pub fn of(position: &pb::Position) -> Self {
        Self {
            latitude: position.latitude,
            longitude: position.longitude,
            radius_m: position.radius_m,
        }
    }

    /// A box that holds the circle; absent when the circle holds a pole or a part of the 180th meridian.
    #[must_use]
    pub fn bounds(&self) -> Option<GeoBox> {
        let angle = f64::from(self.radius_m) * (1.0 + MARGIN) / EARTH_RADIUS_M;
        let (latitude, longitude) = (radians(self.latitude), radians(self.longitude));
        let spread = angle.sin() / latitude.cos();
        if angle >= std::f64::consts::FRAC_PI_2 - latitude.abs() || spread >= 1.0 {
            return None;
        }
        let spread = spread.asin();
        let within = |low, high, max: usize| {
            let (low, high) = (units(low).floor() - 1.0, units(high).ceil() + 1.0);
            let max = f64::from(u32::try_from(max).ok()?);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "within the range of i32 here"
            )]
            (-max <= low && high <= max).then_some((low as i32, high as i32))
        };
        let (south, north) = within(latitude - angle, latitude + angle, MAX_LATITUDE)?;
        let (west, east) = within(longitude - spread, longitude + spread, MAX_LONGITUDE)?;
        Some(GeoBox {
            south,
            west,
            north,
            east,
        })
    }
}

impl GeoBox {
    /// Makes a box.
    ///
    /// # Errors
    /// [`Refusal`] with the field that is outside its range.
    pub fn new(south: i32, west: i32, north: i32, east: i32) -> Result<Self, Refusal> {
        in_range(south, MAX_LATITUDE, "south")?;
        in_range(west, MAX_LONGITUDE, "west")?;
        in_range(north, MAX_LATITUDE, "north")?;
        in_range(east, MAX_LONGITUDE, "east")?;
        if north < south {
            return Err(Refusal::new(Reason::OutOfRange, "north")
                .with("min", south)
                .with("found", north));
        }
        Ok(Self {
            south,
            west,
            north,
            east,
        })
    }

    /// Tells whether the whole of another box lies in this one. The other one leaves out the 180th meridian.
    fn covers(&self, other: &Self) -> bool {
        let between_meridians = if self.west <= self.east {
            self.west <= other.west && other.east <= self.east
        } else {
            self.west <= other.west || other.east <= self.east
        };
        between_meridians && self.south <= other.south && other.north <= self.north
    }

    fn holds_longitude(&self, longitude: i32) -> bool {
        if self.west <= self.east {
            (self.west..=self.east).contains(&longitude)
        } else {
            longitude >= self.west || longitude <= self.east
        }
    }

    /// Distance from the centre of `position` to the nearest point of the box, in metres.
    fn distance_m(&self, position: &Circle) -> f64 {
        if self.holds_longitude(position.longitude) {
            let nearest = position.latitude.clamp(self.south, self.north);
            return (radians(position.latitude) - radians(nearest)).abs() * EARTH_RADIUS_M;
        }
        let to_meridian = |longitude| self.distance_to_side_m(position, longitude);
        to_meridian(self.west).min(to_meridian(self.east))
    }

    /// Distance to the nearest point of a meridian between the parallels of the box, in metres.
    fn distance_to_side_m(&self, position: &Circle, longitude: i32) -> f64 {
        let latitude = radians(position.latitude);
        let apart = radians(longitude) - radians(position.longitude);
        // Where the great circle through the position meets the meridian at a right angle.
        let foot = (latitude.sin() / (latitude.cos() * apart.cos())).atan();
        let foot = foot.clamp(radians(self.south), radians(self.north));
        [radians(self.south), foot, radians(self.north)]
            .into_iter()
            .map(|side| arc(latitude, side, apart) * EARTH_RADIUS_M)
            .fold(f64::INFINITY, f64::min)
    }
}

/// Distance between the centres of two circles, in metres.
fn distance_m(one: &Circle, other: &Circle) -> f64 {
    let apart = radians(one.longitude) - radians(other.longitude);
    arc(radians(one.latitude), radians(other.latitude), apart) * EARTH_RADIUS_M
}

/// The angle between two points, given their latitudes and the difference of their longitudes. By the haversine, which
/// stays exact for points that are near each other.
fn arc(one: f64, other: f64, apart: f64) -> f64 {
    let square = |angle: f64| (angle / 2.0).sin().powi(2);
    let haversine = square(one - other) + one.cos() * other.cos() * square(apart);
    2.0 * haversine.clamp(0.0, 1.0).sqrt().asin()
}

fn radians(units: i32) -> f64 {
    (f64::from(units) / UNITS).to_radians()
}

fn units(radians: f64) -> f64 {
    radians.to_degrees() * UNITS
}

fn in_range(found: i32, max: usize, field: &str) -> Result<(), Refusal> {
    if found.unsigned_abs() as usize <= max {
        return Ok(());
    }
    Err(Refusal::new(Reason::OutOfRange, field)
        .with("max", max)
        .with("found", found))
}
