mod files;
mod store;
