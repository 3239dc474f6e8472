import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * An overlay that makes another release of a plugin's source: its version, and some files rewritten.
 * @param home folder that the test removes at its end
 * @param edits by path, given the source's text (empty where there is no such file)
 */
export async function overlayOf(home: string, source: string, version: string, edits: Record<string, (text: string) => string> = {}): Promise<string> {
  const folder = await mkdtemp(join(home, 'overlay-'))
  const all: typeof edits = {
    'package.json': (text) => text.replace(/"version": "[^"]+"/, `"version": "${version}"`),
    'CHANGELOG.md': () => `# Changelog\n\n## ${version}\n\n- Made by a test.\n`,
    ...edits,
  }
  for (const [path, edit] of Object.entries(all)) {
    const before = await readFile(join(source, path), 'utf8').catch(() => '')
    const after = edit(before)
    if (after === before) throw new Error(`The edit of ${path} changes nothing: the source is not what the test thinks.`)
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), after)
  }
  return folder
}
