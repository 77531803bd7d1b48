mod files;
mod list;
mod scrub;
mod space;
mod store;
