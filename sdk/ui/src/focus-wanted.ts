/** Takes the focus of an opening dialog to its `[data-autofocus]` element, where there is one. */
export function focusWanted(event: Event, root: HTMLElement | null): void {
  const wanted = root?.querySelector<HTMLElement>('[data-autofocus]')
  if (!wanted) return
  event.preventDefault()
  wanted.focus()
}
