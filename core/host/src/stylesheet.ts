import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compile } from 'tailwindcss'
import { classLimits, isSafeClass, OpsFluxError } from '@opsflux/sdk'
import type { ShellManifest } from './index-html.ts'

export interface Stylesheet {
  /** `/assets/styles/<hash>.css` */
  url: string
  css: string
  hash: string
}

const keptSheets = 16
const require = createRequire(import.meta.url)

/**
 * Compiles one stylesheet for the shell and the enabled plugins together. A plugin that shipped its own utilities would
 * change the order of the shell's: this way they are in one order, in the platform's theme.
 */
export class Stylesheets {
  readonly #dist: string
  readonly #byClasses = new Map<string, Promise<Stylesheet>>()
  readonly #byUrl = new Map<string, string>()
  #base: Promise<{ css: string; classes: string[] }> | undefined

  /** @param shellDist the folder of the built shell */
  constructor(shellDist: string) {
    this.#dist = shellDist
  }

  /** The stylesheet for these classes of plugins; unsafe ones are left out. About 150 ms once per set. */
  async for(pluginClasses: readonly string[]): Promise<Stylesheet> {
    const classes = [...new Set(pluginClasses.filter(isSafeClass))].toSorted().slice(0, classLimits.count)
    const key = classes.join(' ')
    const known = this.#byClasses.get(key)
    if (known) return known
    const made = this.#compile(classes)
    this.#byClasses.set(key, made)
    made.catch(() => this.#byClasses.delete(key))
    const oldest = this.#byClasses.keys().next().value
    if (this.#byClasses.size > keptSheets && oldest !== undefined) this.#byClasses.delete(oldest)
    return made
  }

  /** The text of a stylesheet made before, by its URL. */
  get(url: string): string | undefined {
    return this.#byUrl.get(url)
  }

  async #compile(classes: readonly string[]): Promise<Stylesheet> {
    this.#base ??= this.#read()
    const base = await this.#base
    const compiler = await compile(base.css, { base: this.#dist, loadStylesheet })
    const css = compiler.build([...base.classes, ...classes])
    const hash = createHash('sha256').update(css).digest('hex').slice(0, 16)
    const url = `/assets/styles/${hash}.css`
    this.#byUrl.set(url, css)
    const oldest = this.#byUrl.keys().next().value
    if (this.#byUrl.size > keptSheets && oldest !== undefined) this.#byUrl.delete(oldest)
    return { url, css, hash }
  }

  async #read(): Promise<{ css: string; classes: string[] }> {
    const manifest = JSON.parse(await readFile(join(this.#dist, 'shell-manifest.json'), 'utf8')) as ShellManifest
    return { css: await readFile(join(this.#dist, manifest.cssEntry), 'utf8'), classes: manifest.classes }
  }
}

// The base imports Tailwind itself and nothing else.
async function loadStylesheet(id: string): Promise<{ path: string; base: string; content: string }> {
  if (id !== 'tailwindcss') throw new OpsFluxError('internal', `The stylesheet imports "${id}", which is not known.`)
  const path = require.resolve('tailwindcss/index.css')
  return { path, base: dirname(path), content: await readFile(path, 'utf8') }
}
