"""The tables, one module a subject. What each is for stands in docs/architecture.md, section "Data"."""

from app.store.models.cases import Case, CaseCopy, CaseLink
from app.store.models.compliance import ComplianceVisit, Deviation, DeviationNote, ReviewStamp
from app.store.models.definitions import Definition, DefinitionFile, Deployment, DeploymentFile
from app.store.models.drafts import Draft, DraftAuthor, DraftFile
from app.store.models.drift import DriftWaiver
from app.store.models.execution import History, Incident, Instance, Job, Message, Subscription, Timer
from app.store.models.knowledge import Article, ArticleTerm, ArticleUse, ArticleVersion
from app.store.models.people import Group, Membership, Notification, SavedView, SignedOut, Token, User
from app.store.models.platform import Audit, CalendarDay, IdempotencyKey, Setting
from app.store.models.policy import PolicyChange, PolicyOriginal
from app.store.models.records import Attachment, Comment, Communication, Document, DocumentCopy, NumberSequence
from app.store.models.sla import Milestone, MilestoneCheck
from app.store.models.throughput import ElementTime
from app.store.models.verdicts import Unjudged, Verdict
from app.store.models.work import Consultation, Submission, WorkItem, WorkItemParty

__all__ = [
    "Article",
    "ArticleTerm",
    "ArticleUse",
    "ArticleVersion",
    "Attachment",
    "Audit",
    "CalendarDay",
    "Case",
    "CaseCopy",
    "CaseLink",
    "Comment",
    "Communication",
    "ComplianceVisit",
    "Consultation",
    "Definition",
    "DefinitionFile",
    "Deployment",
    "DeploymentFile",
    "Deviation",
    "DeviationNote",
    "Document",
    "DocumentCopy",
    "Draft",
    "DraftAuthor",
    "DraftFile",
    "DriftWaiver",
    "ElementTime",
    "Group",
    "History",
    "IdempotencyKey",
    "Incident",
    "Instance",
    "Job",
    "Membership",
    "Message",
    "Milestone",
    "MilestoneCheck",
    "Notification",
    "NumberSequence",
    "PolicyChange",
    "PolicyOriginal",
    "ReviewStamp",
    "SavedView",
    "Setting",
    "SignedOut",
    "Submission",
    "Subscription",
    "Timer",
    "Token",
    "Unjudged",
    "User",
    "Verdict",
    "WorkItem",
    "WorkItemParty",
]
