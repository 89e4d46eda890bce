// The extension elements that our files carry, so that the modelers read and write them as objects.
const text = (name) => ({ name, superClass: ["Element"], properties: [{ name: "value", isBody: true, type: "String" }] });
const attributes = (...names) => names.map((name) => ({ name, isAttr: true, type: "String" }));

export const spiffworkflow = {
  name: "SpiffWorkflow", prefix: "spiffworkflow", uri: "http://spiffworkflow.org/bpmn/schema/1.0/core", xml: { tagAlias: "lowerCase" }, associations: [],
  types: [
    { name: "Properties", superClass: ["Element"], properties: [{ name: "properties", isMany: true, type: "Property" }] },
    { name: "Property", superClass: ["Element"], properties: attributes("name", "value") },
    { name: "ServiceTaskOperator", superClass: ["Element"], properties: [...attributes("id", "resultVariable"), { name: "parameterList", type: "Parameters" }] },
    { name: "Parameters", superClass: ["Element"], properties: [{ name: "parameters", isMany: true, type: "Parameter" }] },
    { name: "Parameter", superClass: ["Element"], properties: attributes("id", "type", "value") },
    text("CalledDecisionId"), text("MessagePayload"), text("MessageVariable"), text("PreScript"), text("PostScript"),
  ],
};

export const chengnuo = {
  name: "Chengnuo", prefix: "chengnuo", uri: "http://chengnuo/schema/1.0", xml: { tagAlias: "lowerCase" }, associations: [],
  types: [
    { name: "In", superClass: ["Element"], properties: attributes("target", "source") },
    { name: "Out", superClass: ["Element"], properties: attributes("target", "source") },
  ],
};

// In decisions: the clauses that a rule, or one of its answers, stands on.
export const chengnuoRules = {
  name: "Chengnuo", prefix: "chengnuo", uri: "http://chengnuo/schema/1.0", xml: { tagAlias: "lowerCase" }, associations: [],
  types: [
    { name: "Rule", superClass: ["Element"], properties: [...attributes("clauses", "assumption"), { name: "cells", isMany: true, type: "Cell" }] },
    { name: "Cell", superClass: ["Element"], properties: attributes("output", "clauses", "basis", "also") },
  ],
};
