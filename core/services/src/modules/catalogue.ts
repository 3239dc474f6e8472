import { OpsFluxError, type ModuleDetail, type PluginManifest } from '@opsflux/sdk'
import type { Messages } from './localised.ts'

export interface CatalogueEntry extends Pick<PluginManifest, 'id' | 'name' | 'summary' | 'icon' | 'category' | 'publisher'> {
  latest: string
  versions: ModuleDetail['versions']
  /** Its own texts by language. */
  texts?: Record<string, Messages>
}
export type CatalogueDetail = CatalogueEntry & Pick<PluginManifest, 'capabilities' | 'secrets' | 'permissions' | 'menus' | 'entities'> & { readme: string; changelog: string }

/** The marketplace's catalogue: what to show. Nothing in it is trusted; releases are proven by the registry. */
export class Catalogue {
  readonly #url: string | undefined
  readonly #timeoutMs: number

  constructor(url: string | undefined, timeoutMs = 3_000) {
    this.#url = url
    this.#timeoutMs = timeoutMs
  }

  async entries(): Promise<CatalogueEntry[]> {
    const answer = await this.#get<{ data: CatalogueEntry[] }>('/api/catalogue')
    return answer.data
  }

  /** Undefined when it is not in the catalogue. */
  async entry(id: string): Promise<CatalogueDetail | undefined> {
    return this.#get<CatalogueDetail>(`/api/catalogue/${encodeURIComponent(id)}`).catch((error: unknown) => {
      if (error instanceof OpsFluxError && error.code === 'not-found') return undefined
      throw error
    })
  }

  /** @throws registry-unreachable, not-found */
  async #get<T>(path: string): Promise<T> {
    if (!this.#url) throw new OpsFluxError('registry-unreachable', 'No marketplace is configured (OPSFLUX_MARKETPLACE_URL).')
    let response: Response
    try {
      response = await fetch(this.#url + path, { signal: AbortSignal.timeout(this.#timeoutMs), redirect: 'error' })
    } catch (cause) {
      throw new OpsFluxError('registry-unreachable', 'The marketplace does not answer. Installed modules keep running; try again later.', { cause })
    }
    if (response.status === 404) throw new OpsFluxError('not-found', 'It is not in the catalogue.')
    if (!response.ok) throw new OpsFluxError('registry-unreachable', `The marketplace answered ${response.status}. Installed modules keep running; try again later.`)
    return (await response.json()) as T
  }
}
