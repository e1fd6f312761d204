//! The document at object level: photos put in untouched, backdrops turned into shared forms, each page given just the resources it names,
//! `/ID` pinned from content.

use card::seeded::{Bug, has};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat, dictionary};
use sha2::{Digest as _, Sha256};

use super::{DocumentId, Named};
use crate::Fault;
use crate::page::Photo;

/// PDF version stated in the header: nothing later than 1.7 is used.
const VERSION: &str = "1.7";

/// The document made ready to be written; its last pages are the backdrops.
///
/// # Errors
/// [`Fault::Document`] when printpdf's object graph isn't the expected one.
pub(super) fn finished(mut doc: Document, page_count: usize, photos: Vec<Photo>, named: &[Named], id: &DocumentId) -> Result<Document, Fault> {
    doc.version = VERSION.to_owned();
    let pages = kids(&doc)?;
    let (pages, scratch) = pages.split_at_checked(page_count).ok_or_else(|| strange("pages are missing"))?;
    let forms = scratch.iter().map(|page| into_form(&mut doc, *page)).collect::<Result<Vec<_>, _>>()?;
    trim_kids(&mut doc, page_count)?;
    pin_id(&mut doc, pages, &photos, id)?;
    let photos: Vec<ObjectId> = photos.into_iter().map(|photo| doc.add_object(image(&photo))).collect();
    for (page, named) in pages.iter().zip(named) {
        give_resources(&mut doc, *page, named, &photos, &forms)?;
    }
    tidy(&mut doc)?;
    Ok(doc)
}

fn strange(what: &str) -> Fault {
    Fault::Document(what.to_owned())
}

fn not_found(error: lopdf::Error) -> Fault {
    Fault::Document(error.to_string())
}

/// The page tree's root, which printpdf keeps flat.
fn tree(doc: &Document) -> Result<ObjectId, Fault> {
    doc.catalog().and_then(|c| c.get(b"Pages")).and_then(Object::as_reference).map_err(not_found)
}

fn kids(doc: &Document) -> Result<Vec<ObjectId>, Fault> {
    let list = doc.get_dictionary(tree(doc)?).and_then(|d| d.get(b"Kids")).and_then(Object::as_array).map_err(not_found)?;
    list.iter().map(|kid| kid.as_reference().map_err(not_found)).collect()
}

fn trim_kids(doc: &mut Document, page_count: usize) -> Result<(), Fault> {
    let root = tree(doc)?;
    let root = doc.get_object_mut(root).and_then(Object::as_dict_mut).map_err(not_found)?;
    root.get_mut(b"Kids").and_then(Object::as_array_mut).map_err(not_found)?.truncate(page_count);
    root.set("Count", page_count as i64);
    Ok(())
}

/// Replaces a scratch page by a form with the same content; its other objects go.
fn into_form(doc: &mut Document, page: ObjectId) -> Result<ObjectId, Fault> {
    let (contents, resources, media) = {
        let page = doc.get_dictionary(page).map_err(not_found)?;
        let reference = |key: &[u8]| page.get(key).and_then(Object::as_reference).map_err(not_found);
        (reference(b"Contents")?, reference(b"Resources")?, page.get(b"MediaBox").map_err(not_found)?.clone())
    };
    let fonts = doc.get_dictionary(resources).and_then(|r| r.get(b"Font")).map_err(not_found)?.clone();
    let Some(Object::Stream(content)) = doc.objects.remove(&contents) else { return Err(strange("a backdrop has no content")) };
    doc.objects.remove(&resources);
    let dict = dictionary! { "Type" => "XObject", "Subtype" => "Form", "BBox" => media, "Resources" => dictionary! { "Font" => fonts } };
    let mut form = Stream::new(dict, content.content);
    form.compress().map_err(not_found)?;
    doc.objects.insert(page, Object::Stream(form));
    Ok(page)
}

/// The JPEG as an image, byte for byte.
fn image(photo: &Photo) -> Stream {
    let dict = dictionary! {
        "Type" => "XObject",
        "Subtype" => "Image",
        "Width" => i64::from(photo.width_px),
        "Height" => i64::from(photo.height_px),
        "ColorSpace" => if photo.components == 1 { "DeviceGray" } else { "DeviceRGB" },
        "BitsPerComponent" => 8,
        "Filter" => "DCTDecode",
    };
    Stream::new(dict, photo.bytes.to_vec()).with_compression(false)
}

/// Leaves on the page only the fonts and what it names itself: a reader of one page never meets another card's photo.
fn give_resources(doc: &mut Document, page: ObjectId, named: &Named, photos: &[ObjectId], forms: &[ObjectId]) -> Result<(), Fault> {
    let mut objects = Dictionary::new();
    named.backdrop.iter().for_each(|n| objects.set(format!("B{n}"), forms[*n]));
    named.photos.iter().for_each(|n| objects.set(format!("P{n}"), photos[*n]));
    let page = doc.get_object_mut(page).and_then(Object::as_dict_mut).map_err(not_found)?;
    page.remove(b"Annots");
    let resources = page.get(b"Resources").and_then(Object::as_reference).map_err(not_found)?;
    let resources = doc.get_object_mut(resources).and_then(Object::as_dict_mut).map_err(not_found)?;
    resources.remove(b"ExtGState");
    resources.remove(b"Shading");
    resources.set("XObject", objects);
    Ok(())
}

/// `/ID` from the document's name and every page's content, which carries the record digests.
fn pin_id(doc: &mut Document, pages: &[ObjectId], photos: &[Photo], id: &DocumentId) -> Result<(), Fault> {
    let mut hash = Sha256::new();
    hash.update(format!("{}\0{}\0{}\0{}\0", id.title, id.date, pages.len(), photos.len()));
    for page in pages {
        let contents = doc.get_dictionary(*page).and_then(|p| p.get(b"Contents")).and_then(Object::as_reference).map_err(not_found)?;
        let content = doc.get_object(contents).and_then(Object::as_stream).map_err(not_found)?;
        hash.update(&content.content);
    }
    if has(Bug::CountedIds) {
        hash.update(format!("{:?}", std::time::SystemTime::now()));
    }
    let half = Object::String(hash.finalize()[..16].to_vec(), StringFormat::Hexadecimal);
    doc.trailer.set("ID", vec![half.clone(), half]);
    Ok(())
}

/// Compresses font programs (pages stay readable), and drops what printpdf writes about standards we don't claim.
fn tidy(doc: &mut Document) -> Result<(), Fault> {
    for object in doc.objects.values_mut() {
        let Object::Stream(stream) = object else { continue };
        if stream.dict.has(b"Length1") || stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|s| s == b"CIDFontType0C") {
            stream.compress().map_err(not_found)?;
        }
    }
    let info = doc.trailer.get(b"Info").and_then(Object::as_reference).map_err(not_found)?;
    let info = doc.get_object_mut(info).and_then(Object::as_dict_mut).map_err(not_found)?;
    for key in [b"GTS_PDFXVersion".as_slice(), b"Identifier", b"Keywords", b"Author", b"Subject", b"Trapped"] {
        info.remove(key);
    }
    Ok(())
}
