import { onScopeDispose, reactive } from 'vue'

export interface Upload {
  key: number
  name: string
  /** 0 to 1. */
  progress: number
  failure?: unknown
  cancel(): void
}

export type SendFile<T> = (file: File, options: { onProgress(part: number): void; signal: AbortSignal }) => Promise<T>

/** Files on their way, one after the other; what fails stays in the list until it is let go. Those left end with the component. */
export function useUploads<T>(send: SendFile<T>, onSent: (sent: T) => void): { uploads: Upload[]; add(files: readonly File[]): void; fail(name: string, failure: unknown): void } {
  const uploads = reactive<Upload[]>([])
  let last = Promise.resolve()
  let keys = 0

  const letGo = (key: number): void => {
    const index = uploads.findIndex((upload) => upload.key === key)
    if (index >= 0) uploads.splice(index, 1)
  }

  function enter(name: string, cancel: () => void = () => undefined): Upload {
    const key = (keys += 1)
    uploads.push({ key, name, progress: 0, cancel: () => { cancel(); letGo(key) } })
    return uploads.at(-1) as Upload
  }

  async function run(file: File, upload: Upload, { signal }: AbortController): Promise<void> {
    if (signal.aborted) return
    try {
      onSent(await send(file, { signal, onProgress: (part) => { upload.progress = part } }))
      letGo(upload.key)
    } catch (failure) {
      if (!signal.aborted) upload.failure = failure
    }
  }

  onScopeDispose(() => { for (let upload = uploads[0]; upload; upload = uploads[0]) upload.cancel() })
  return {
    uploads,
    add: (files) => {
      for (const file of files) {
        const controller = new AbortController()
        const upload = enter(file.name, () => controller.abort())
        last = last.then(() => run(file, upload, controller))
      }
    },
    fail: (name, failure) => { enter(name).failure = failure },
  }
}
