const ADDRESS = "https://triage.example.com/hooks/intake-form";
const SECRET = "whsec_…";
const NO_QUESTIONS = ["IMAGE", "PAGE_BREAK", "SECTION_HEADER", "VIDEO"];
const PAUSES_S = [0, 5, 20, 60];

// Run this once: from then on each answer is sent by itself.
function connect() {
  for (const trigger of ScriptApp.getProjectTriggers()) ScriptApp.deleteTrigger(trigger);
  ScriptApp.newTrigger("onAnswer").forForm(FormApp.getActiveForm()).onFormSubmit().create();
}

// Run this to send all answers, old ones too. What the inbox has is not stored again.
function sendAll() {
  FormApp.getActiveForm().getResponses().forEach(sendAnswer);
}

function onAnswer(event) {
  sendAnswer(event.response);
}

function sendAnswer(response) {
  const answers = {};
  for (const item of FormApp.getActiveForm().getItems()) {
    if (!NO_QUESTIONS.includes(String(item.getType()))) answers[item.getTitle()] = "";
  }
  for (const one of response.getItemResponses()) {
    const answer = one.getResponse();
    answers[one.getItem().getTitle()] = Array.isArray(answer)
      ? answer.flat().filter(Boolean).join(", ")
      : answer;
  }
  const id = response.getId();
  const body = JSON.stringify(answers);
  for (const pause of PAUSES_S) {
    Utilities.sleep(pause * 1000);
    const status = send(id, body);
    if (status === 202) return;
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      throw new Error("The inbox refused an answer: status " + status);
    }
  }
  throw new Error("The inbox did not take an answer. Run sendAll later.");
}

function send(id, body) {
  const time = String(Math.floor(Date.now() / 1000));
  const content = Utilities.newBlob(id + "." + time + "." + body).getBytes();
  const key = Utilities.base64Decode(SECRET.replace("whsec_", ""));
  const signature = Utilities.computeHmacSha256Signature(content, key);
  try {
    return UrlFetchApp.fetch(ADDRESS, {
      method: "post",
      contentType: "application/json",
      payload: body,
      headers: {
        "webhook-id": id,
        "webhook-timestamp": time,
        "webhook-signature": "v1," + Utilities.base64Encode(signature),
      },
      muteHttpExceptions: true,
    }).getResponseCode();
  } catch (error) {
    return 0; // not reached; it is tried again
  }
}
