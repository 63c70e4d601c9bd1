const answerMsMax = 1000;

/** @throws when nobody answers, within a second, or the answer is no */
export async function httpGet(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
  const body = await response.text();
  if (!response.ok) throw new Error(`${url} answers with ${response.status}: ${body}`);
  return body;
}
