from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.static import serve

admin.autodiscover()

handler400 = "aftercare.console.refusals.not_taken"
handler403 = "aftercare.console.refusals.forbidden"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("accounts/", include("aftercare.console.accounts.urls")),
    # Clinics' logos, which mails show: checked images that staff upload, the only files here.
    path("media/logos/<path:path>", serve, {"document_root": settings.MEDIA_ROOT / "logos"}),
    path("webhooks/", include("aftercare.hooks.urls")),
    path("", include("aftercare.pages.urls")),
]
