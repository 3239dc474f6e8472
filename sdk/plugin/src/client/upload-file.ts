import type { StoredFile } from '../records.ts'
import { OpsFluxError } from '../errors.ts'
import { fromProblem } from './sender.ts'

export interface UploadOptions {
  /** Told how much is sent, 0 to 1. */
  onProgress?(part: number): void
  signal?: AbortSignal
}

/**
 * Uploads a file of up to 25 MB: `POST /api/files`. Its id is then attached to a record, or written into a `file` field, within a day.
 * @throws payload-too-large, too-many-requests, not-ready when the server does not answer
 */
export function uploadFile(file: File, { onProgress, signal }: UploadOptions = {}): Promise<StoredFile> {
  // fetch does not tell how much of a body is sent.
  const request = new XMLHttpRequest()
  request.open('POST', '/api/files')
  request.responseType = 'json'
  request.setRequestHeader('x-file-name', encodeURIComponent(file.name))
  request.setRequestHeader('content-type', file.type || 'application/octet-stream')
  return new Promise((resolve, reject) => {
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress?.(total > 0 ? loaded / total : 0))
    request.addEventListener('load', () => (request.status === 201 ? resolve(request.response as StoredFile) : reject(fromProblem(request.response, request.status))))
    request.addEventListener('error', () => reject(new OpsFluxError('not-ready', 'The server does not answer. Check the connection and try again.')))
    request.addEventListener('abort', () => reject(new DOMException('The upload was cancelled.', 'AbortError')))
    signal?.addEventListener('abort', () => request.abort(), { once: true })
    if (signal?.aborted === true) reject(new DOMException('The upload was cancelled.', 'AbortError'))
    else request.send(file)
  })
}
