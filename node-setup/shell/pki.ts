/** Validity of what the lab's own authority signs, in days; a lab is meant to be short-lived. */
const DAYS = 3650;

/** A certificate that runs out within this many seconds is made anew (30 days). */
const RENEW_SECONDS = 2_592_000;

/** The curve of all keys: P-256, which TLS 1.3 implementations have to know (RFC 8446, 9.1). */
export const newKey = (file: string): string =>
  `(umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${file}.new 2>/dev/null)
mv -f ${file}.new ${file}`;

/** Succeeds while a certificate is there and stays valid for long enough. */
export const stillValid = (file: string): string =>
  `openssl x509 -in ${file} -noout -checkend ${RENEW_SECONDS} >/dev/null 2>&1`;

/** A self-signed certificate of an authority that may sign end entities only. */
export const selfSign = (key: string, file: string, commonName: string): string =>
  `openssl req -x509 -new -key ${key} -sha256 -days ${DAYS} -subj '/CN=${commonName}' \\
  -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign -out ${file}.new
mv -f ${file}.new ${file}`;

export interface Leaf {
  readonly commonName: string;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  /** As openssl writes them, such as `IP:10.98.0.11`; none for a mere client. */
  readonly alternativeNames: readonly string[];
}

/**
 * Signs a request with the lab's authority. Of the request only the public key is taken: name and uses are what this
 * side says they are.
 */
export function sign(request: string, file: string, ca: string, leaf: Leaf): string {
  const names =
    leaf.alternativeNames.length === 0 ? '' : `\\nsubjectAltName=${leaf.alternativeNames.join(',')}`;
  const extensions = `basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature\\nextendedKeyUsage=${leaf.usages.join(',')}${names}\\n`;
  return `printf '${extensions}' >${file}.extensions
openssl req -in ${request} -verify -noout >/dev/null 2>&1 || fail 'the certificate request is not signed by its own key'
openssl x509 -req -in ${request} -CA ${ca}/ca.crt -CAkey ${ca}/ca.key -sha256 -days ${DAYS} \\
  -set_serial "0x$(openssl rand -hex 16)" -subj '/CN=${leaf.commonName}' -extfile ${file}.extensions -out ${file}.new 2>/dev/null ||
  fail 'the authority cannot sign the certificate'
rm -f ${file}.extensions
mv -f ${file}.new ${file}`;
}
