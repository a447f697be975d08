// What the page asks of the server; addresses are relative, so that the token stays in front of them.

/** Why a request failed: `kind` for the page, `message` for people. */
export class ApiError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(`api/${path}`, { ...options, headers: { "X-Earmark": "1", ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("gone", "Earmark does not answer: is `earmark serve` still running?");
  }
  if (response.ok) return response;
  let answer;
  try {
    answer = (await response.json()).error;
  } catch {
    answer = { kind: "request", message: `The request failed (${response.status}).` };
  }
  throw new ApiError(answer.kind, answer.message);
}

/** A path with parameters; absent ones are left out. */
export function address(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

/** Asks for JSON. */
export async function get(path, parameters, options) {
  return (await request(address(path, parameters), options)).json();
}

/** Asks for bytes. */
export async function bytes(path, options) {
  return (await request(path, options)).arrayBuffer();
}

/** Sends a value as JSON, gets JSON. */
export async function post(path, value) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value ?? {}) };
  return (await request(path, options)).json();
}

/** Sends a file, telling how much of it is there already (0 to 1). */
export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `api/${address("questions", { name: file.name })}`);
    sending.setRequestHeader("X-Earmark", "1");
    sending.responseType = "json";
    sending.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 0);
    sending.onload = () => {
      if (sending.status === 200) return resolve(sending.response);
      const error = sending.response?.error ?? { kind: "request", message: "The file was not taken." };
      reject(new ApiError(error.kind, error.message));
    };
    sending.onerror = () => reject(new ApiError("gone", "The file was not taken: is `earmark serve` still running?"));
    sending.send(file);
  });
}
