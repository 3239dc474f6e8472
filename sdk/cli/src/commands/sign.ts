import { signPackage } from '../archive/sign-package.ts'
import { readKey, valueOf, type Command } from '../command.ts'

export const sign: Command = {
  summary: 'signs a package that was built without a key',
  argument: '<package>',
  options: {
    key: { value: '<file>', help: 'private key of the publisher', required: true },
    publisher: { value: '<name>', help: 'must be the one the plugin declares', required: true },
    out: { value: '<file>', help: 'where the signed package goes (default: in place)' },
  },
  async run(path, values) {
    const target = values.out ?? path
    const digest = await signPackage(path, await readKey(valueOf(values, 'key')), valueOf(values, 'publisher'), target)
    return { result: { path: target, digest }, lines: [target, `sha256:${digest}`] }
  },
}
