"""Where the link of an invitation leads: to an account for who has none, to a yes for who has one."""

from http import HTTPStatus

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.inviting import InvitationRefused, accept, account_of, invitation_of, join
from aftercare.clinics.users import User
from aftercare.console.access import user_of
from aftercare.console.accounts.forms import JoinForm


@sensitive_post_parameters()
@never_cache
def invitation_page(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing; saying yes on its page does."""
    invitation = invitation_of(token, now=timezone.now())
    if invitation is None:
        return TemplateResponse(request, "account/invitation_over.html", status=HTTPStatus.GONE)
    account = account_of(invitation)
    if request.user.is_authenticated:
        return _for_who_is_logged_in(request, invitation, account)
    return _for_a_newcomer(request, invitation) if account is None else _page(request, invitation, "log_in")


def _for_who_is_logged_in(request: HttpRequest, invitation: Invitation, account: User | None) -> HttpResponse:
    user = user_of(request)
    if account not in (None, user):
        return _page(request, invitation, "another")
    if request.method != "POST":
        return _page(request, invitation, "accept")
    try:
        accept(invitation, user=user, now=timezone.now())
    except InvitationRefused as refused:
        messages.error(request, str(refused))
        return redirect(request.path)
    messages.success(request, _("You are a member of %(clinic)s now.") % {"clinic": invitation.clinic})
    return redirect("admin:index")


def _for_a_newcomer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(User(email=invitation.email), request.POST or None)
    if not form.is_valid():
        return _page(request, invitation, "join", form)
    names = {"first_name": form.cleaned_data["first_name"], "last_name": form.cleaned_data["last_name"]}
    password = form.cleaned_data["new_password1"]
    try:
        membership = join(invitation, **names, password=password, now=timezone.now())
    except InvitationRefused as refused:
        messages.error(request, str(refused))
        return redirect(request.path)
    entered: HttpResponse = perform_login(request, membership.user, email_verification="none")
    return entered


def _page(
    request: HttpRequest, invitation: Invitation, way: str, form: JoinForm | None = None
) -> TemplateResponse:
    """``way``: how the reader may accept – accept, join, log_in – or that it is for another account."""
    log_in = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
    context = {"invitation": invitation, "way": way, "form": form, "log_in": log_in}
    return TemplateResponse(request, "account/invitation.html", context)
