import { buildPackage, type BuiltPackage } from '../build/build-package.ts'
import { readKey, type Command, type Values } from '../command.ts'

export const build: Command = {
  summary: 'builds a package from the sources of a plugin',
  argument: '<folder>',
  options: {
    overlay: { value: '<folder>', help: 'files that replace or add to the sources; its overlay.json may remove some' },
    key: { value: '<file>', help: 'private key of the publisher; without it the package is not signed' },
    out: { value: '<folder>', help: 'where the package goes (default: dist in the source folder)' },
  },
  async run(folder, values) {
    const { path, digest, id, version } = await buildFrom(folder, values)
    return { result: { path, digest, id, version }, lines: [path, `sha256:${digest}`] }
  },
}

/** Builds with the options that `build` and `publish` share. */
export async function buildFrom(folder: string, values: Values): Promise<BuiltPackage> {
  const { overlay, key, out } = values
  return buildPackage({
    folder, ...(overlay === undefined ? {} : { overlay }), ...(out === undefined ? {} : { out }),
    ...(key === undefined ? {} : { privateKeyPem: await readKey(key) }),
  })
}
