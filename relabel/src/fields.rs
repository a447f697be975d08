//! The UCS fields of a sound, as plans name them.

use earmark_engine::ucs::{CatIndex, Catalogue, UcsName};

/// One of the fields that a plan can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// CatID of the UCS list; Category and SubCategory follow from it and are written with it.
    CatId,
    /// Brief description.
    FxName,
    /// Who made the sound.
    CreatorId,
    /// Project or library.
    SourceId,
    /// Third level of category of the user's own.
    UserCategory,
    /// Category of the vendor's own.
    VendorCategory,
    /// Whatever else the file name carries.
    UserData,
    /// Keywords, separated as the user likes.
    Keywords,
    /// Free description; written only where the file has none.
    Description,
}

impl Field {
    /// All of them, in the order in which plans list them.
    pub const ALL: [Self; 9] = [
        Self::CatId,
        Self::FxName,
        Self::CreatorId,
        Self::SourceId,
        Self::UserCategory,
        Self::VendorCategory,
        Self::UserData,
        Self::Keywords,
        Self::Description,
    ];

    /// Its key in a plan.
    pub fn key(self) -> &'static str {
        match self {
            Self::CatId => "cat_id",
            Self::FxName => "fx_name",
            Self::CreatorId => "creator_id",
            Self::SourceId => "source_id",
            Self::UserCategory => "user_category",
            Self::VendorCategory => "vendor_category",
            Self::UserData => "user_data",
            Self::Keywords => "keywords",
            Self::Description => "description",
        }
    }
}

/// Fields to be written into a sound, or known of it; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// CatID of the UCS list; Category and SubCategory follow from it.
    pub cat_id: Option<String>,
    /// Brief description.
    pub fx_name: Option<String>,
    /// Who made the sound.
    pub creator_id: Option<String>,
    /// Project or library.
    pub source_id: Option<String>,
    /// Third level of category of the user's own.
    pub user_category: Option<String>,
    /// Category of the vendor's own.
    pub vendor_category: Option<String>,
    /// Whatever else the file name carries.
    pub user_data: Option<String>,
    /// Keywords, separated as the user likes.
    pub keywords: Option<String>,
    /// Free description; written only where the file has none.
    pub description: Option<String>,
}

impl Fields {
    /// Only a CatID.
    pub fn of_cat(cat: CatIndex) -> Self {
        Self { cat_id: Some(cat.cat_id().to_owned()), ..Self::default() }
    }

    /// Those of a UCS file name.
    pub fn of_name(name: &UcsName) -> Self {
        let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self {
            cat_id: Some(name.cat.cat_id().to_owned()),
            fx_name: filled(&name.fx_name),
            creator_id: filled(&name.creator_id),
            source_id: filled(&name.source_id),
            user_category: name.user_category.clone(),
            vendor_category: name.vendor_category.clone(),
            user_data: name.user_data.clone(),
            ..Self::default()
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The value of a field.
    pub fn get(&self, field: Field) -> Option<&str> {
        match field {
            Field::CatId => self.cat_id.as_deref(),
            Field::FxName => self.fx_name.as_deref(),
            Field::CreatorId => self.creator_id.as_deref(),
            Field::SourceId => self.source_id.as_deref(),
            Field::UserCategory => self.user_category.as_deref(),
            Field::VendorCategory => self.vendor_category.as_deref(),
            Field::UserData => self.user_data.as_deref(),
            Field::Keywords => self.keywords.as_deref(),
            Field::Description => self.description.as_deref(),
        }
    }

    /// Sets a field; what is blank counts as nothing.
    pub fn set(&mut self, field: Field, value: Option<String>) {
        let value = value.filter(|value| !value.trim().is_empty());
        *match field {
            Field::CatId => &mut self.cat_id,
            Field::FxName => &mut self.fx_name,
            Field::CreatorId => &mut self.creator_id,
            Field::SourceId => &mut self.source_id,
            Field::UserCategory => &mut self.user_category,
            Field::VendorCategory => &mut self.vendor_category,
            Field::UserData => &mut self.user_data,
            Field::Keywords => &mut self.keywords,
            Field::Description => &mut self.description,
        } = value;
    }

    /// Takes over what is still missing here.
    pub fn fill_from(&mut self, other: &Self) {
        for field in Field::ALL {
            if self.get(field).is_none() {
                self.set(field, other.get(field).map(str::to_owned));
            }
        }
    }

    /// Place of the CatID in the list, where there is one and it is in it, whatever its case.
    pub fn cat(&self) -> Option<CatIndex> {
        Catalogue::builtin().by_cat_id_any_case(self.cat_id.as_deref()?.trim())
    }
}
