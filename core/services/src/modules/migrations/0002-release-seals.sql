-- What the manifest of an unpacked release must be: a module whose files and manifest were both edited on disk does not load.
create table opsflux.release_seal (
  digest text primary key,
  manifest_sha256 text not null
);
