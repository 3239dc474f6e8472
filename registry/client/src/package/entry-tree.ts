import { collisionKey } from './entry-path.ts'
import { refusal } from './refusal.ts'

interface Node {
  path: string
  kind: 'file' | 'folder'
  /** False for a folder known only from the paths below it. */
  declared: boolean
  /** A file is somewhere below. */
  filled: boolean
}

/** The names taken in a package so far; refuses a name that would land on another. */
export class EntryTree {
  readonly #nodes = new Map<string, Node>()

  add(path: string, kind: 'file' | 'folder'): void {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) this.#take(path.slice(0, slash), 'folder', false).filled ||= kind === 'file'
    this.#take(path, kind, true)
  }

  #take(path: string, kind: 'file' | 'folder', declared: boolean): Node {
    const key = collisionKey(path)
    const known = this.#nodes.get(key)
    if (!known) {
      const node = { path, kind, declared, filled: false }
      this.#nodes.set(key, node)
      return node
    }
    if (known.path !== path) throw refusal('case-collision', `The entries "${known.path}" and "${path}" are one file on some systems.`, path)
    if (known.kind !== kind) throw refusal('file-as-folder', `The entry "${path}" is both a file and a folder.`, path)
    if (declared && known.declared) throw refusal('duplicate-entry', `The entry "${path}" is there twice.`, path)
    known.declared ||= declared
    return known
  }

  /** Folders in the archive that no file is in. */
  emptyFolders(): string[] {
    return [...this.#nodes.values()].filter((node) => node.kind === 'folder' && !node.filled).map((node) => node.path)
  }
}
