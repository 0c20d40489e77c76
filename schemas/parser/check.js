// Have the public AsyncAPI parser read the document named on the command line; exit 1 unless it accepts it.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
for (const found of diagnostics.filter((one) => one.severity === 0)) {
  console.error(`${found.path.join("/")}: ${found.message}`);
}
if (!document) process.exit(1);
console.log(`the AsyncAPI parser accepts the document: ${document.channels().all().length} channels`);
