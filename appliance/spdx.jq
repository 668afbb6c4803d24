# SPDX-License-Identifier: Apache-2.0
# From lines of name, version, architecture, source, maintainer, homepage to an SPDX 2.3 document.
# --arg version --arg created --arg digest (of the lines: what the namespace is unique by)

def spdx_id: gsub("[^A-Za-z0-9.-]"; "-");

[inputs | split("\t") | {name: .[0], version: .[1], arch: .[2], source: .[3], from: .[4], home: (.[5] // "")}]
| {
  spdxVersion: "SPDX-2.3",
  dataLicense: "CC0-1.0",
  SPDXID: "SPDXRef-DOCUMENT",
  name: "landwaiter-appliance-\($version)",
  documentNamespace: "urn:landwaiter:spdx:\($version):\($digest)",
  creationInfo: {created: $created, creators: ["Tool: landwaiter-appliance-\($version)"]},
  packages: ([{
    name: "landwaiter", SPDXID: "SPDXRef-landwaiter", versionInfo: $version,
    downloadLocation: "NOASSERTION", filesAnalyzed: false,
    licenseConcluded: "Apache-2.0", licenseDeclared: "Apache-2.0", copyrightText: "NOASSERTION",
    primaryPackagePurpose: "APPLICATION"
  }] + [.[] | {
    name, SPDXID: "SPDXRef-deb-\(.name | spdx_id)-\(.arch)", versionInfo: .version,
    supplier: "Organization: Debian", originator: "Person: \(.from)",
    downloadLocation: "NOASSERTION", filesAnalyzed: false,
    licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION", copyrightText: "NOASSERTION",
    sourceInfo: "built from the source package \(.source)",
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER", referenceType: "purl",
      referenceLocator: "pkg:deb/debian/\(.name | @uri)@\(.version | @uri)?arch=\(.arch)"
    }]
  } + if .home == "" then {} else {homepage: .home} end]),
  relationships: ([{
    spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-landwaiter"
  }] + [.[] | {
    spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES",
    relatedSpdxElement: "SPDXRef-deb-\(.name | spdx_id)-\(.arch)"
  }])
}
