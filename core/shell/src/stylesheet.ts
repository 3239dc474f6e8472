const mark = 'data-opsflux-styles'

let last: Promise<void> = Promise.resolve()

/** Replaces the host's stylesheet: the new one is there before the old one goes, so nothing flashes. One at a time. */
export function useStylesheet(url: string | undefined): Promise<void> {
  last = last.then(() => replace(url)).catch((error: unknown) => console.error(error))
  return last
}

async function replace(url: string | undefined): Promise<void> {
  const current = [...document.querySelectorAll<HTMLLinkElement>(`link[${mark}]`)]
  if (!url || current.some((link) => link.getAttribute('href') === url)) return
  const next = await addStylesheet(url, { after: current.at(-1) })
  next.setAttribute(mark, '')
  for (const link of current) link.remove()
}

/** Adds a stylesheet and waits for it. @throws when it cannot be loaded or its integrity is wrong. */
export function addStylesheet(url: string, options: { integrity?: string | undefined; after?: Element | undefined } = {}): Promise<HTMLLinkElement> {
  const link = document.createElement('link')
  link.rel = 'stylesheet'
  link.href = url
  if (options.integrity) link.integrity = options.integrity
  const loaded = new Promise<HTMLLinkElement>((resolve, reject) => {
    link.addEventListener('load', () => resolve(link))
    link.addEventListener('error', () => { link.remove(); reject(new Error(`The stylesheet ${url} cannot be loaded.`)) })
  })
  if (options.after) options.after.after(link)
  else document.head.append(link)
  return loaded
}
