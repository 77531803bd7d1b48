mod damage;
mod model;
mod world;
