//! The S3 wire protocol without IO: routing, signatures, bodies, XML, errors.
