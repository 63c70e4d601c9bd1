/** The page's own script and style, bundled: from the sources on first use, in the published package by the build. */
export interface Viewer {
  readonly script: string;
  readonly style: string;
}

export function viewer(): Viewer;
