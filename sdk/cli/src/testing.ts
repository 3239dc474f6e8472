import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const fixture = fileURLToPath(new URL('../../../tests/fixtures/hello', import.meta.url))

/** A copy of the fixture plugin in a folder of its own; `path` is that folder. */
export interface PluginCopy extends AsyncDisposable {
  path: string
  out: string
  write(file: string, text: string): Promise<void>
  edit(file: string, change: (text: string) => string): Promise<void>
  remove(file: string): Promise<void>
}

export async function copyOfHello(): Promise<PluginCopy> {
  const place = await mkdtemp(join(tmpdir(), 'opsflux-build-'))
  const path = join(place, 'hello')
  await cp(fixture, path, { recursive: true })
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(path, file)), { recursive: true })
    await writeFile(join(path, file), text)
  }
  return {
    path, out: join(place, 'out'), write,
    edit: async (file, change) => write(file, change(await readFile(join(path, file), 'utf8'))),
    remove: (file) => rm(join(path, file), { recursive: true }),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }),
  }
}
